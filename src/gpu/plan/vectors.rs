//! Plans a walk over rows of vectors.

use super::elements;
use super::options::overrides;
use super::request::{Request, WalkLoss};
use super::scratch::{Scratch, scratch_bytes};
use super::slots::slots;
use super::spans::{Spans, Values};
use super::stage::{Stage, Wanted, bind_gradients, dispatches_for_gradients};
use super::totals::scale;
use super::walk::{Counted, Sizes, Walk};
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
/// This many rows, or fewer, would leave a GPU idle, so they are cut if they have at least `2·CHUNK` coordinates.
const FEW: usize = 64;

pub(super) fn plan(request: &Request<'_>, rows: usize, width: usize, leaf: &dyn Vectors) -> Walk {
    // a row is a value of the unreduced loss, and its coordinates take the place of classes
    let sizes = Sizes { items: 1, per_item: rows, classes: width, ..Sizes::default() };
    let spans = if width > 0 { Spans::Rows { width: width as u64 } } else { Spans::Whole };
    if rows == 0 {
        return Walk { sizes, spans, ..Walk::default() };
    }
    let counted = Counted { chunk: COUNTED, tallies: rows.div_ceil(COUNTED) };
    let count = elements::count(request, counted, rows).through(Values::Each(COUNTED as u64 * width as u64));
    let (mut stages, counted) = scale(request, WalkLoss::Only, Some((count, counted)));
    // FXC takes seconds to compile the kernel that does everything, and less than one for each of the three that share
    // its work
    let apart = request.target.small_kernels
        && rows as u64 * 2 * scratch_bytes("row_states") <= request.target.binding_limit
        && width > 0;
    let cuts = apart || width > UNCUT || (width >= 2 * CHUNK && rows <= FEW);
    let sizes = Sizes { counted, ..sizes };
    let walk = if cuts { cut(request, sizes, leaf) } else { one_pass(request, sizes, leaf) };
    stages.extend(walk.stages);
    Walk { stages, spans, ..walk }
}

/// Whether lanes take quads of coordinates.
fn in_quads(request: &Request<'_>, width: usize) -> bool {
    request.target.by_quads(width.is_multiple_of(4))
}

/// One pass. Enough lanes share a row to keep loops short.
fn one_pass(request: &Request<'_>, sizes: Sizes, leaf: &dyn Vectors) -> Walk {
    let (rows, width) = (sizes.per_item, sizes.classes);
    let lanes = request.target.lanes_of_vector(rows, width);
    let rows_at_once = 256 / lanes;
    let per_lane = width.div_ceil(if in_quads(request, width) { 4 * lanes } else { lanes }).max(1);
    // more rounds leave fewer tallies, as long as an invocation's loops stay short
    let rounds =
        (rows / (rows_at_once * request.target.workgroups(4096))).next_power_of_two().min((2048 / per_lane).max(1));
    let groups = rows.div_ceil(rows_at_once * rounds);
    let values = Values::Each((rows_at_once * rounds) as u64 * width as u64);
    let stages = dispatches_for_gradients(request.wanted, |first, gradients| {
        let mut fused = filled(request, leaf, true);
        if !first {
            fused.fill(slot::LOSSES, losses::NOWHERE);
        }
        let choices = choices(request, leaf)
            .number(choice::LANES, lanes)
            .flag(choice::WRITES, !gradients.is_empty())
            .flag(choice::COUNTS, first);
        let fused = stage(request, width, fused, geometry::VECTORS_FUSED, choices, groups, gradients);
        // a loop for each sweep of the fold, of which a cosine needs two, and one for the gradient
        fused.through(values).looping(3 * rounds * per_lane)
    });
    Walk { sizes: Sizes { rounds, tallies: groups, ..sizes }, stages, ..Walk::default() }
}

/// Passes over rows that are cut into chunks: states of chunks, once for each sweep; scores of rows; gradients.
fn cut(request: &Request<'_>, sizes: Sizes, leaf: &dyn Vectors) -> Walk {
    let (rows, width) = (sizes.per_item, sizes.classes);
    // an invocation merges all chunks of a row at each sweep; about 2048 at most keep its loop short
    let chunk = CHUNK.max((width / 2048).next_power_of_two());
    let chunks = width.div_ceil(chunk);
    let sweeps = if leaf.measure() == Measure::Cosine { 2 } else { 1 };
    let (groups, scored) = (rows * chunks, rows.div_ceil(256));
    let values = Values::OfItems { per_item: width, chunk, chunks };

    let gather = |sweep| {
        let slots = filled(request, leaf, true).with(slot::LOSSES, losses::NOWHERE);
        let choices = choices(request, leaf).number(choice::LANES, 256).number(choice::SWEEP, sweep);
        let gather = stage(request, width, slots, geometry::VECTORS_GATHER, choices, groups, &[]);
        gather.through(values).looping(chunk / 256)
    };
    let mut stages: Vec<Stage> = (0..sweeps).map(gather).collect();

    // scores need only the states, so 256 rows of any length share a workgroup
    let slots = filled(request, leaf, false);
    let score = stage(request, width, slots, geometry::ROWS_SCORE, choices(request, leaf), scored, &[]);
    stages.push(score.through(Values::Each(256 * width as u64)).looping(sweeps * chunks));

    if !request.wanted.is_empty() {
        stages.extend(dispatches_for_gradients(request.wanted, |_, gradients| {
            let slots = filled(request, leaf, true).with(slot::LOSSES, losses::NOWHERE);
            let entry = geometry::VECTORS_BACKWARD;
            stage(request, width, slots, entry, choices(request, leaf), groups, gradients).through(values)
        }));
    }
    Walk {
        sizes: Sizes { chunk, chunks, tallies: scored, ..sizes },
        stages,
        scratch: vec![Scratch::new("row_states", (sweeps * groups) as u64)],
        ..Walk::default()
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
    width: usize,
    mut slots: Slots,
    entry: Shader,
    mut choices: Choices,
    groups: usize,
    gradients: &[Wanted],
) -> Stage {
    let quads = in_quads(request, width);
    let bound = bind_gradients(&mut slots, &mut choices, request.loss().header(), gradients);
    let choices = choices.flag(choice::FOURS, quads);
    Stage::new(entry, slots, choices, groups as u64).in_quads(quads).writing(bound)
}
