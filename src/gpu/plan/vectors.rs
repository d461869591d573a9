//! Plans a walk over rows of vectors.

use super::elements;
use super::request::{Request, overrides, slots};
use super::scratch::scratch_bytes;
use super::spans::{Spans, Values};
use super::stage::{Plan, Stage, Wanted, bind_gradients, narrow, walks};
use super::totals::scale_first;
use crate::gpu::choices::Choices;
use crate::gpu::link::Slots;
use crate::gpu::shaders::operand::{losses, x};
use crate::gpu::shaders::{Shader, choice, fold, geometry, slot};
use crate::leaf::{Measure, Vectors};
use crate::role::Role;

/// The rows that a workgroup counts before the walk.
const COUNTED: usize = 16384;

/// The coordinates of a chunk, if rows are cut into chunks.
const CHUNK: usize = 8192;

/// Rows of more coordinates than this are cut into chunks.
const UNCUT: usize = 65536;
/// Up to this many rows would leave a GPU idle, so they are cut from `2·CHUNK` coordinates on.
const FEW: usize = 64;

pub(super) fn plan(request: &Request<'_>, plan: &mut Plan, rows: usize, width: usize, leaf: &dyn Vectors) {
    let params = &mut plan.params;
    // a row is a value of the unreduced loss, and its coordinates take the place of classes
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
    // FXC takes seconds to compile the kernel that does everything, and less than one for each of the three that share
    // its work
    let apart = request.target.small
        && rows as u64 * 2 * scratch_bytes("row_states") <= request.target.binding_limit
        && width > 0;
    if apart || width > UNCUT || (width >= 2 * CHUNK && rows <= FEW) {
        cut(request, plan, rows, width, leaf);
    } else {
        fused(request, plan, rows, width, leaf);
    }
}

/// Whether lanes take quads of coordinates.
fn in_quads(request: &Request<'_>, width: usize) -> bool {
    request.target.by_quads(width.is_multiple_of(4))
}

/// One pass. Enough lanes share a row to keep loops short.
fn fused(request: &Request<'_>, plan: &mut Plan, rows: usize, width: usize, leaf: &dyn Vectors) {
    let lanes = request.target.lanes_of_vector(rows, width);
    let slots = 256 / lanes;
    let per_lane = width.div_ceil(if in_quads(request, width) { 4 * lanes } else { lanes }).max(1);
    // more rounds leave fewer tallies, as long as an invocation's loops stay short
    let rounds = (rows / (slots * request.target.workgroups(4096))).next_power_of_two().min((2048 / per_lane).max(1));
    let groups = rows.div_ceil(slots * rounds) as u64;
    plan.params.rounds = narrow(rounds as u64);
    plan.tally(groups);
    // a loop for each of two looks, and one for the gradient
    plan.longest_loop = plan.longest_loop.max((3 * rounds * per_lane) as u64);
    plan.stages.extend(walks(request.wanted, |first, gradients| {
        let mut fused = filled(request, leaf, true);
        if !first {
            fused.fill(slot::LOSSES, losses::NOWHERE);
        }
        let choices = choices(request, leaf)
            .number(choice::LANES, lanes)
            .flag(choice::WRITES, !gradients.is_empty())
            .flag(choice::COUNTS, first);
        stage(request, fused, geometry::VECTORS_FUSED, choices, groups, in_quads(request, width), gradients)
            .through(Values::Each((slots * rounds) as u64 * width as u64))
    }));
}

/// Passes over rows that are cut into chunks: states of chunks, once for each look; scores of rows; gradients.
fn cut(request: &Request<'_>, plan: &mut Plan, rows: usize, width: usize, leaf: &dyn Vectors) {
    // an invocation merges the chunks of a row at each look, so a row has at most 2048
    let chunk = CHUNK.max((width / 2048).next_power_of_two());
    let chunks = width.div_ceil(chunk);
    let looks = if leaf.measure() == Measure::Cosine { 2 } else { 1 };
    let (groups, scored) = ((rows * chunks) as u64, rows.div_ceil(256) as u64);
    plan.params.chunk = narrow(chunk as u64);
    plan.params.chunks = narrow(chunks as u64);
    plan.tally(scored);
    plan.longest_loop = plan.longest_loop.max((looks * chunks) as u64).max(chunk as u64 / 256);
    plan.hold("row_states", looks as u64 * groups);

    let values = Values::OfItems { per_item: width, chunk, chunks };
    for look in 0..looks {
        let gather = filled(request, leaf, true).with(slot::LOSSES, losses::NOWHERE);
        let choices = choices(request, leaf).number(choice::LANES, 256).number(choice::LOOK, look);
        let gather = stage(request, gather, geometry::VECTORS_GATHER, choices, groups, in_quads(request, width), &[]);
        plan.stages.push(gather.through(values));
    }

    // scores need only the states, so that 256 rows of any length share a workgroup
    let score = filled(request, leaf, false);
    let score =
        stage(request, score, geometry::ROWS_SCORE, choices(request, leaf), scored, in_quads(request, width), &[]);
    plan.stages.push(score.through(Values::Each(256 * width as u64)));

    if !request.wanted.is_empty() {
        plan.stages.extend(walks(request.wanted, |_, gradients| {
            let backward = filled(request, leaf, true).with(slot::LOSSES, losses::NOWHERE);
            stage(
                request,
                backward,
                geometry::VECTORS_BACKWARD,
                choices(request, leaf),
                groups,
                in_quads(request, width),
                gradients,
            )
            .through(values)
        }));
    }
}

/// Fills the slots of the kernels over vectors. They read coordinates only if `reads`.
fn filled(request: &Request<'_>, leaf: &dyn Vectors, reads: bool) -> Slots {
    let mut slots = slots(request);
    for k in 0..3 {
        // the components after the vectors are numbers of a row, not coordinates
        let vector = request.loss().header().components().nth(k).is_some_and(|spec| spec.role == Role::Element);
        slots.fill_x(k, if vector && reads { x::WORDS } else { x::NUMBER });
    }
    let fold = match leaf.measure() {
        Measure::Cosine => fold::COSINE,
        Measure::Norm { .. } => fold::DISTANCE,
    };
    slots.with(slot::FOLD, fold)
}

fn choices(request: &Request<'_>, leaf: &dyn Vectors) -> Choices {
    let choices = overrides(request.loss());
    if let Measure::Norm { p, .. } = leaf.measure() {
        let power = if p == 1.0 || p == 2.0 { p as usize } else { 0 };
        return choices.number(choice::PAIRS, leaf.pairs().len()).number(choice::POWER, power);
    }
    choices
}

fn stage(
    request: &Request<'_>,
    mut slots: Slots,
    entry: Shader,
    mut choices: Choices,
    groups: u64,
    quads: bool,
    gradients: &[Wanted],
) -> Stage {
    let bound = bind_gradients(&mut slots, &mut choices, request.loss().header(), gradients);
    let choices = choices.flag(choice::FOURS, quads);
    Stage::new(entry, slots, choices, groups).in_quads(quads).writing(bound)
}
