//! How a walk over positions and their classes is cut, whatever it folds.

use super::classes::{Fold, choices, filled, in_fours, writing};
use super::pixels::Pixels;
use super::ranges::{Cut, Does, range, walk};
use super::request::{Piece, Request, slots};
use super::spans::{Spans, Values};
use super::stage::{Plan, Stage, narrow};
use super::totals::scale_first;
use crate::check::Divisor;
use crate::gpu::choices::Choices;
use crate::gpu::shaders::geometry::{label_weight, whole};
use crate::gpu::shaders::operand::{class_weight, dx, target};
use crate::gpu::shaders::{Shader, choice, geometry, slot};
use crate::shape::Classes;

/// The classes of a chunk, where rows are cut into chunks.
const CHUNK: usize = 8192;

/// The most numbers that a lane keeps of a row, half of the registers that it can have; and the fewest elements of all rows.
const KEPT: usize = 128;
const MANY: usize = 1 << 20;

/// Items of so many elements, whose classes lie far apart, have workgroups of their own: one that went on into the next item
/// would need both bound.
const LARGE: usize = 1 << 18;

/// The classes of all rows that a workgroup scores, where rows are cut.
const SCORED: usize = 1 << 18;

/// Beyond this many classes rows are cut; and from `CHUNK` on, where there are so few that they leave a GPU idle. What lies far apart
/// is cut where an item has few positions only.
const UNCUT: usize = 65536;
const FEW: usize = 64;

/// The most classes that a workgroup goes through in one dispatch: of a row that is not cut whatever it takes, since its gradient
/// overwrites it, or of a range.
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
    let (stage, chunk, tallies) = count(request, Piece::Only, positions);
    scale_first(request, plan, stage, chunk, tallies);
    // a chunk of a row looks at its label's class when another may have written there; lanes of a workgroup look first
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

/// One pass: as many lanes share a position as keep loops short and neighbours together.
fn fused(request: &Request<'_>, plan: &mut Plan, classes: Classes, fold: Fold) {
    let (positions, c) = (classes.positions(), classes.c);
    let rows = classes.class_stride == 1;
    let lanes = match rows {
        true => request.target.lanes_of_row(c),
        false => c.div_ceil(256).next_power_of_two().min(256),
    };
    let slots = 256 / lanes;
    let by_item = !rows && c * classes.s >= LARGE;
    // lanes have the same classes of every range
    let range = range(request, classes).or((!rows && c > MOST_IN_PLACE).then_some(MOST_IN_PLACE));
    let range = range.filter(|_| by_item).map(|range| (range / lanes).max(1) * lanes);
    let lane_of = |c: usize| c.div_ceil(if rows { 4 * lanes } else { lanes });
    let per_lane = lane_of(range.unwrap_or(c));
    // as far as an invocation's loops stay short
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
    // the looks, and the gradient
    plan.longest_loop = plan.longest_loop.max(((fold.looks + 1) * rounds * per_lane) as u64);

    let kept = kept_fours(request, classes, lanes);
    let stage = |does: Does| {
        let choices = choices(request, fold, classes).number(choice::LANES, lanes);
        let choices = does.choices(choices.flag(choice::ROWS, rows).flag(choice::BY_ITEM, by_item));
        let stage = Stage::new(geometry::POSITIONS_FUSED, does.slots(request, fold), choices, 0);
        let stage = stage.in_quads(in_fours(classes)).keeping_rows(kept);
        if does.writes { writing(request, stage) } else { stage }
    };
    walk(request, plan, (classes, fold), Cut { groups, values, lanes, range }, stage);
}

/// How many fours of a row each of its lanes has, where they are so few that it keeps them for the gradient, and rows so many
/// that a kernel for this number is worth its making.
fn kept_fours(request: &Request<'_>, classes: Classes, lanes: usize) -> Option<u32> {
    let fours = classes.c.div_ceil(4 * lanes);
    if !request.target.keeps_rows() {
        return None;
    }
    let numbers = 4 * if request.checked.labels.is_some() { fours } else { 2 * fours };
    let few = numbers <= KEPT && classes.positions() * classes.c >= MANY && !request.wanted.is_empty();
    (classes.class_stride == 1 && few).then(|| narrow(fours as u64))
}

/// Three passes over rows that are cut into chunks: statistics, merge, gradient.
fn cut(request: &Request<'_>, plan: &mut Plan, classes: Classes, fold: Fold) {
    gather(request, plan, classes, fold);
    score(request, plan, classes, fold, whole::CHUNKS);
    scatter(request, plan, classes, fold, whole::CHUNKS);
}

/// Rows whose classes are spread over devices: the statistics of this piece, or what comes of those of all.
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
        scatter(request, plan, classes, fold, whole::SHARDS);
    }
}

/// Cuts rows into chunks; gives how many there are of all rows.
fn chunk(plan: &mut Plan, classes: Classes) -> u64 {
    let positions = classes.positions();
    // an invocation of the second pass merges the chunks of a row: no more than 2048
    let chunk = CHUNK.max((classes.c / 2048).next_power_of_two());
    let chunks = classes.c.div_ceil(chunk);
    plan.params.chunk = narrow(chunk as u64);
    plan.params.chunks = narrow(chunks as u64);
    // so few rows to a workgroup of the second pass that it needs no more than a small binding holds
    let scored = (SCORED / classes.c.max(1)).clamp(1, 256);
    plan.params.rounds = narrow(scored as u64);
    plan.tally(positions.div_ceil(scored) as u64);
    plan.longest_loop = plan.longest_loop.max(chunks as u64).max(chunk as u64 / 256);
    (positions * chunks) as u64
}

/// The states of all chunks.
fn gather(request: &Request<'_>, plan: &mut Plan, classes: Classes, fold: Fold) {
    let tiles = chunk(plan, classes);
    plan.hold_states(fold.states, tiles);
    let slots = filled(request, fold, false);
    let stage = Stage::new(geometry::POSITIONS_GATHER, slots, choices(request, fold, classes), tiles);
    plan.stages.push(stage.in_quads(in_fours(classes)).through(Values::Shared { chunks: plan.params.chunks as usize }));
}

/// The scores of rows, whose chunks' states, or shards' statistics, the file `whole` merges.
fn score(request: &Request<'_>, plan: &mut Plan, classes: Classes, fold: Fold, whole: Shader) {
    let slots = filled(request, fold, true).with(slot::WHOLE, whole);
    let groups = u64::from(plan.params.tallies);
    let stage = Stage::new(geometry::POSITIONS_SCORE, slots, choices(request, fold, classes), groups);
    plan.stages.push(stage.through(Values::Each(plan.params.rounds.into())));
}

/// The gradients of chunks.
fn scatter(request: &Request<'_>, plan: &mut Plan, classes: Classes, fold: Fold, whole: Shader) {
    if request.wanted.is_empty() {
        return;
    }
    let tiles = classes.positions() as u64 * u64::from(plan.params.chunks);
    let mut slots = filled(request, fold, true).with(slot::WHOLE, whole);
    slots.fill_dx(0, dx::WORDS);
    let stage = Stage::new(geometry::POSITIONS_SCATTER, slots, choices(request, fold, classes), tiles);
    let stage = stage.in_quads(in_fours(classes)).through(Values::Shared { chunks: plan.params.chunks as usize });
    plan.stages.push(writing(request, stage));
}

/// The stage that counts a loss's denominators, the positions that a workgroup of it sees, and its tallies.
pub(super) fn count(request: &Request<'_>, piece: Piece, positions: usize) -> (Stage, u32, u64) {
    let mut slots = slots(request);
    if request.checked.labels.is_none() {
        slots.fill(slot::TARGET, target::NONE);
    }
    let weighs = request.divisor(piece) == Divisor::Weights;
    // the weight of a label is in one piece of many: as few positions are looked up in a row as keep that loop short
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
