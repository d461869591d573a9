//! How a walk over rows of vectors is cut.

use super::split::{Spans, Values};
use super::{
    Joint, Plan, Request, Stage, Wanted, bind_gradients, elements, narrow, overrides, scale_first, scratch_bytes, walks,
};
use crate::leaf::{Measure, Vectors};
use crate::role::Role;

/// The rows that a workgroup counts before the walk.
const COUNTED: usize = 16384;

/// The coordinates of a chunk, where rows are cut into chunks.
const CHUNK: usize = 8192;

/// Beyond this many coordinates rows are cut; and from `2·CHUNK` on, where there are so few that they leave a GPU idle.
const UNCUT: usize = 65536;
const FEW: usize = 64;

/// The most coordinates of rows that are one lane's each, where lanes are those of a CPU's vector register.
const SHORT: usize = 1024;

/// The fewest such rows: they fill sixteen workgroups, which is as many cores as a software driver mostly has.
const MANY: usize = 1 << 12;

pub(super) fn plan(request: &Request<'_>, plan: &mut Plan, rows: usize, width: usize, leaf: &dyn Vectors) {
    let params = &mut plan.params;
    // a row is a value of the unreduced loss, and its coordinates stand where classes do
    (params.items, params.per_item, params.classes) = (1, narrow(rows as u64), narrow(width as u64));
    if width > 0 {
        plan.spans = Spans::Rows { width: width as u64 };
    }
    if rows == 0 {
        return;
    }
    let counts = rows.div_ceil(COUNTED) as u64;
    scale_first(
        request,
        plan,
        elements::count(request, counts).through(Values::Each(COUNTED as u64 * width as u64)),
        narrow(COUNTED as u64),
        counts,
    );
    // FXC takes seconds for a kernel that does all, and less than one for each of the three that share its work
    let apart = request.small && rows as u64 * 2 * scratch_bytes("row_states") <= request.binding_limit && width > 0;
    if apart || width > UNCUT || (width >= 2 * CHUNK && rows <= FEW) {
        cut(request, plan, rows, width, leaf);
    } else {
        fused(request, plan, rows, width, leaf);
    }
}

/// Whether coordinates are taken four at a time.
fn in_fours(request: &Request<'_>, width: usize) -> bool {
    request.by_fours(width.is_multiple_of(4))
}

/// One pass: as many lanes share a row as keep loops short.
fn fused(request: &Request<'_>, plan: &mut Plan, rows: usize, width: usize, leaf: &dyn Vectors) {
    let lanes = match request.on_cpu {
        // the lanes of a register, each of which goes along a row of its own where there are many short ones
        true if width <= SHORT && rows >= MANY => 1,
        true => width.div_ceil(2048).next_power_of_two().clamp(8, 256),
        false => width.div_ceil(8).next_power_of_two().min(256),
    };
    let slots = 256 / lanes;
    let per_lane = width.div_ceil(if in_fours(request, width) { 4 * lanes } else { lanes }).max(1);
    // as far as an invocation's loops stay short
    let rounds = (rows / (slots * request.workgroups(4096))).next_power_of_two().min((2048 / per_lane).max(1));
    let groups = rows.div_ceil(slots * rounds) as u64;
    plan.params.rounds = narrow(rounds as u64);
    plan.tally(groups);
    // two looks and the gradient
    plan.longest_loop = plan.longest_loop.max((3 * rounds * per_lane) as u64);
    plan.stages.extend(walks(request.wanted, |first, gradients| {
        let mut joint = joint(request, leaf, &["lib/tally", "lib/workspace"], true);
        joint.optional("mask", request.player(Role::Mask).is_some());
        joint.optional("upstream", request.upstream_tensor());
        joint.optional("losses", first && request.unreduced());
        let mut choices = choices(request, leaf);
        choices.extend([
            ("LANES".into(), lanes as f64),
            ("WRITES".into(), f64::from(u8::from(!gradients.is_empty()))),
            ("COUNTS".into(), f64::from(u8::from(first))),
        ]);
        stage(request, joint, "vectors_fused", choices, groups, in_fours(request, width), gradients)
            .through(Values::Each((slots * rounds) as u64 * width as u64))
    }));
}

/// Passes over rows that are cut into chunks: statistics, once for each look; merge; gradients.
fn cut(request: &Request<'_>, plan: &mut Plan, rows: usize, width: usize, leaf: &dyn Vectors) {
    // an invocation merges the chunks of a row, at each look: no more than 2048
    let chunk = CHUNK.max((width / 2048).next_power_of_two());
    let chunks = width.div_ceil(chunk);
    let looks = if leaf.measure() == Measure::Cosine { 2 } else { 1 };
    let (tiles, settled) = ((rows * chunks) as u64, rows.div_ceil(256) as u64);
    plan.params.chunk = narrow(chunk as u64);
    plan.params.chunks = narrow(chunks as u64);
    plan.tally(settled);
    plan.longest_loop = plan.longest_loop.max((looks * chunks) as u64).max(chunk as u64 / 256);
    plan.hold("row_states", looks as u64 * tiles);

    let pieces = Values::OfItems { per_item: width, chunk, chunks };
    for look in 0..looks {
        let mut gather = joint(request, leaf, &["lib/tally"], true);
        gather.optional("losses", false);
        gather.files(&["operand/row_states"]);
        let mut choices = choices(request, leaf);
        choices.extend([("LANES".into(), 256.0), ("LOOK".into(), look as f64)]);
        let gather = stage(request, gather, "vectors_gather", choices, tiles, in_fours(request, width), &[]);
        plan.stages.push(gather.through(pieces));
    }

    // what it needs of the coordinates is in the states: rows of any length are settled together
    let mut settle = joint(request, leaf, &["lib/tally", "lib/workspace"], false);
    settle.optional("mask", request.player(Role::Mask).is_some());
    settle.optional("losses", request.unreduced());
    settle.files(&["operand/row_states"]);
    let settle =
        stage(request, settle, "vectors_settle", choices(request, leaf), settled, in_fours(request, width), &[]);
    plan.stages.push(settle.through(Values::Each(256 * width as u64)));

    if !request.wanted.is_empty() {
        plan.stages.extend(walks(request.wanted, |_, gradients| {
            let mut scatter = joint(request, leaf, &["lib/tally", "lib/workspace"], true);
            scatter.optional("mask", request.player(Role::Mask).is_some());
            scatter.optional("upstream", request.upstream_tensor());
            scatter.optional("losses", false);
            scatter.files(&["operand/row_states"]);
            stage(
                request,
                scatter,
                "vectors_scatter",
                choices(request, leaf),
                tiles,
                in_fours(request, width),
                gradients,
            )
            .through(pieces)
        }));
    }
}

/// What every kernel over vectors is joined of, up to its own part; with the vectors themselves, if it reads them.
fn joint(request: &Request<'_>, leaf: &dyn Vectors, lib: &[&str], reads: bool) -> Joint {
    let header = request.loss().header();
    let mut joint = Joint::new(&["lib/component", "lib/params", "lib/math"]);
    joint.files(lib);
    joint.files(&["dtype/float"]);
    for k in 0..3 {
        // a row's number comes after its vectors, and is no coordinate
        let vector = header.components().nth(k).is_some_and(|spec| spec.role == Role::Element);
        joint.optional(&format!("x{k}"), vector && reads);
    }
    joint.optional("row", request.player(Role::Row).is_some());
    let fold = match leaf.measure() {
        Measure::Cosine => "fold/cosine",
        Measure::Norm { .. } => "fold/distance",
    };
    joint.files(&["geometry/distances", fold]);
    joint.sources.push(header.shader);
    joint
}

fn choices(request: &Request<'_>, leaf: &dyn Vectors) -> Vec<(String, f64)> {
    let mut choices = overrides(request.loss());
    if let Measure::Norm { p, .. } = leaf.measure() {
        let power = if p == 1.0 || p == 2.0 { p } else { 0.0 };
        choices.extend([("PAIRS".into(), leaf.pairs().len() as f64), ("POWER".into(), power.into())]);
    }
    choices
}

fn stage(
    request: &Request<'_>,
    mut joint: Joint,
    entry: &'static str,
    mut choices: Vec<(String, f64)>,
    groups: u64,
    fours: bool,
    gradients: &[Wanted],
) -> Stage {
    let bound = bind_gradients(&mut joint, &mut choices, request.loss().header(), gradients);
    joint.files(&["geometry/lanes", "geometry/vectors", &format!("geometry/{entry}")]);
    choices.push(("FOURS".into(), f64::from(u8::from(fours))));
    joint.stage(entry, choices, groups).in_quads(fours).writing(bound)
}
