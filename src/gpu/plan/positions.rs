//! Plans a walk over positions and their classes, with any fold.

use super::classes::{Fold, choices, filled, whole_quads, writing};
use super::pixels::Pixels;
use super::ranges::{Cut, Does, range, walk};
use super::request::{Request, WalkLoss, slots};
use super::spans::{Spans, Values};
use super::stage::{Plan, Stage, narrow};
use super::totals::scale_first;
use crate::check::Divisor;
use crate::gpu::choices::Choices;
use crate::gpu::shaders::geometry::{label_weight, whole};
use crate::gpu::shaders::operand::{class_weight, dx, target};
use crate::gpu::shaders::{Shader, choice, geometry, slot};
use crate::shape::Classes;

/// The classes of a chunk, if rows are cut into chunks.
const CHUNK: usize = 8192;

/// The most numbers of a row that a lane keeps: half of the registers that it can have.
const KEPT: usize = 128;
/// The fewest elements of all rows for which lanes keep rows. For fewer, compiling a kernel for this row length is not
/// worth it.
const MANY: usize = 1 << 20;

/// From this many elements on, an item whose classes lie far apart has its own workgroups. A workgroup that went on
/// into the next item would need both items bound.
const LARGE: usize = 1 << 18;

/// The classes of all rows that a workgroup scores, if rows are cut into chunks.
const SCORED: usize = 1 << 18;

/// Rows of more classes than this are cut into chunks. Classes that lie far apart are cut only if an item has few
/// positions.
const UNCUT: usize = 65536;
/// Up to this many rows would leave a GPU idle, so they are cut from `CHUNK` classes on.
const FEW: usize = 64;

/// The most classes that a workgroup goes through in one dispatch. This bounds rows that their gradient overwrites,
/// which are never cut, and ranges of classes.
pub(super) const MOST_IN_PLACE: usize = 1 << 19;

/// The positions that a workgroup counts before the walk.
const COUNTED: usize = 16384;

pub(super) fn plan(request: &Request<'_>, plan: &mut Plan, classes: Classes, fold: Fold) {
    let positions = classes.positions();
    let params = &mut plan.params;
    (params.items, params.per_item) = (narrow(classes.n as u64), narrow(classes.s as u64));
    params.classes = narrow(classes.c as u64);
    (params.class_stride, params.position_stride) =
        (narrow(classes.class_stride as u64), narrow(classes.position_stride as u64));
    plan.spans = Spans::Classes(classes);
    if positions == 0 {
        return;
    }
    let (stage, chunk, tallies) = count(request, WalkLoss::Only, positions);
    scale_first(request, plan, stage, chunk, tallies);
    // in place, rows stay whole: the lanes of a workgroup read the label's class before any of them writes, but another
    // chunk's workgroup could have overwritten it
    let in_place = request.in_place().is_some();
    let (long, few) = (classes.c > UNCUT, classes.c >= CHUNK && positions <= FEW);
    if request.statistics || request.among() {
        spread(request, plan, classes, fold);
    } else if !in_place && (long && (classes.class_stride == 1 || classes.s <= FEW) || few) {
        cut(request, plan, classes, fold);
    } else {
        match Pixels::of(request, classes, fold) {
            Some(pixels) => pixels.plan(request, plan, classes, fold),
            None => fused(request, plan, classes, fold),
        }
    }
}

/// One pass. Enough lanes share a position to keep loops short and to let neighbouring lanes read neighbouring memory.
fn fused(request: &Request<'_>, plan: &mut Plan, classes: Classes, fold: Fold) {
    let (positions, c) = (classes.positions(), classes.c);
    let rows = classes.class_stride == 1;
    let lanes = match rows {
        true => request.target.lanes_of_row(c),
        false => c.div_ceil(256).next_power_of_two().min(256),
    };
    let slots = 256 / lanes;
    let by_item = !rows && c * classes.s >= LARGE;
    // a multiple of the lanes, so that a lane has the classes that it would have without ranges
    let range = range(request, classes).or((!rows && c > MOST_IN_PLACE).then_some(MOST_IN_PLACE));
    let range = range.filter(|_| by_item).map(|range| (range / lanes).max(1) * lanes);
    let lane_of = |c: usize| c.div_ceil(if rows { 4 * lanes } else { lanes });
    let per_lane = lane_of(range.unwrap_or(c));
    // more rounds leave fewer tallies, as long as an invocation's loops stay short
    let rounds = (positions / (slots * request.target.workgroups(4096)))
        .next_power_of_two()
        .min((4096 / (fold.looks * lane_of(c))).max(1));
    let rounds = if by_item { rounds.min((classes.s / slots).max(1)) } else { rounds };
    let chunk = slots * rounds;
    let chunks = classes.s.div_ceil(chunk);
    let (groups, values) = match by_item {
        true => (classes.n * chunks, Values::OfItems { per_item: classes.s, chunk, chunks }),
        false => (positions.div_ceil(chunk), Values::Each(chunk as u64)),
    };
    let params = &mut plan.params;
    (params.rounds, params.chunk, params.chunks) = (narrow(rounds as u64), narrow(chunk as u64), narrow(chunks as u64));
    plan.tally(groups as u64);
    // one loop for each look, and one for the gradient
    plan.longest_loop = plan.longest_loop.max(((fold.looks + 1) * rounds * per_lane) as u64);

    let kept = kept_quads(request, classes, lanes);
    let stage = |does: Does| {
        let choices = choices(request, fold, classes).number(choice::LANES, lanes);
        let choices = does.choices(choices.flag(choice::ROWS, rows).flag(choice::BY_ITEM, by_item));
        let stage = Stage::new(geometry::POSITIONS_FUSED, does.slots(request, fold), choices, 0);
        let stage = stage.in_quads(whole_quads(classes)).keeping_rows(kept);
        if does.writes { writing(request, stage) } else { stage }
    };
    walk(request, plan, (classes, fold), Cut { groups, values, lanes, range }, stage);
}

/// How many quads of a row each lane has, if the lane keeps them from the fold to the gradient.
fn kept_quads(request: &Request<'_>, classes: Classes, lanes: usize) -> Option<u32> {
    let quads = classes.c.div_ceil(4 * lanes);
    if !request.target.keeps_rows() {
        return None;
    }
    let numbers = 4 * if request.checked.labels.is_some() { quads } else { 2 * quads };
    let few = numbers <= KEPT && classes.positions() * classes.c >= MANY && !request.wanted.is_empty();
    (classes.class_stride == 1 && few).then(|| narrow(quads as u64))
}

/// Three passes over rows that are cut into chunks: states of chunks, scores of rows, gradients.
fn cut(request: &Request<'_>, plan: &mut Plan, classes: Classes, fold: Fold) {
    gather(request, plan, classes, fold);
    score(request, plan, classes, fold, whole::CHUNKS);
    backward(request, plan, classes, fold, whole::CHUNKS);
}

/// Plans a shard of rows whose classes are spread over devices: its statistics, or with the statistics of all shards
/// the rest.
fn spread(request: &Request<'_>, plan: &mut Plan, classes: Classes, fold: Fold) {
    if request.statistics {
        gather(request, plan, classes, fold);
        let slots = filled(request, fold, false).with(slot::WHOLE, whole::CHUNKS);
        let groups = u64::from(plan.params.tallies);
        let end = Stage::new(geometry::POSITIONS_STATISTICS, slots, choices(request, fold, classes), groups);
        plan.stages.push(end.through(Values::Each(plan.params.rounds.into())));
    } else {
        chunk(plan, classes);
        plan.longest_loop = plan.longest_loop.max(request.part.among.as_ref().map_or(0, |all| all.shape()[0] as u64));
        score(request, plan, classes, fold, whole::SHARDS);
        backward(request, plan, classes, fold, whole::SHARDS);
    }
}

/// Cuts rows into chunks. Returns how many chunks all rows have.
fn chunk(plan: &mut Plan, classes: Classes) -> u64 {
    let positions = classes.positions();
    // an invocation of the second pass merges the chunks of a row, so a row has at most 2048
    let chunk = CHUNK.max((classes.c / 2048).next_power_of_two());
    let chunks = classes.c.div_ceil(chunk);
    plan.params.chunk = narrow(chunk as u64);
    plan.params.chunks = narrow(chunks as u64);
    // a workgroup of the second pass scores few enough rows that a small binding holds them
    let scored = (SCORED / classes.c.max(1)).clamp(1, 256);
    plan.params.rounds = narrow(scored as u64);
    plan.tally(positions.div_ceil(scored) as u64);
    plan.longest_loop = plan.longest_loop.max(chunks as u64).max(chunk as u64 / 256);
    (positions * chunks) as u64
}

/// Computes the states of all chunks.
fn gather(request: &Request<'_>, plan: &mut Plan, classes: Classes, fold: Fold) {
    let groups = chunk(plan, classes);
    plan.hold_states(fold.states, groups);
    let slots = filled(request, fold, false);
    let stage = Stage::new(geometry::POSITIONS_GATHER, slots, choices(request, fold, classes), groups);
    plan.stages
        .push(stage.in_quads(whole_quads(classes)).through(Values::Shared { chunks: plan.params.chunks as usize }));
}

/// Scores rows. The file `whole` merges the states of their chunks, or the statistics of the shards.
fn score(request: &Request<'_>, plan: &mut Plan, classes: Classes, fold: Fold, whole: Shader) {
    let slots = filled(request, fold, true).with(slot::WHOLE, whole);
    let groups = u64::from(plan.params.tallies);
    let stage = Stage::new(geometry::POSITIONS_SCORE, slots, choices(request, fold, classes), groups);
    plan.stages.push(stage.through(Values::Each(plan.params.rounds.into())));
}

/// Computes the gradients of chunks.
fn backward(request: &Request<'_>, plan: &mut Plan, classes: Classes, fold: Fold, whole: Shader) {
    if request.wanted.is_empty() {
        return;
    }
    let groups = classes.positions() as u64 * u64::from(plan.params.chunks);
    let mut slots = filled(request, fold, true).with(slot::WHOLE, whole);
    slots.fill_dx(0, dx::WORDS);
    let stage = Stage::new(geometry::POSITIONS_BACKWARD, slots, choices(request, fold, classes), groups);
    let stage = stage.in_quads(whole_quads(classes)).through(Values::Shared { chunks: plan.params.chunks as usize });
    plan.stages.push(writing(request, stage));
}

/// The stage that counts a loss's denominators, with the positions of each of its workgroups, and how many tallies it
/// leaves.
pub(super) fn count(request: &Request<'_>, loss: WalkLoss, positions: usize) -> (Stage, u32, u64) {
    let mut slots = slots(request);
    if request.checked.labels.is_none() {
        slots.fill(slot::TARGET, target::NONE);
    }
    let weighs = request.divisor(loss) == Divisor::Weights;
    // one shard among many has the weight of a label: an invocation looks in each, so it has a single position
    let looks_up = weighs && request.among();
    if !weighs || looks_up {
        slots.fill(slot::CLASS_WEIGHT, class_weight::ONE);
    }
    slots.fill(slot::LABEL_WEIGHT, if looks_up { label_weight::SHARDS } else { label_weight::OWN });
    let counted = if looks_up { 256 } else { COUNTED };
    let tallies = positions.div_ceil(counted) as u64;
    let stage =
        Stage::new(geometry::POSITIONS_COUNT, slots, Choices::default(), tallies).through(Values::Each(counted as u64));
    (stage, narrow(counted as u64), tallies)
}
