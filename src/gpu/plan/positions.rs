//! Plans a walk over positions and their classes, with any fold.

use super::classes::{Fold, choices, filled, noted, whole_quads, writing};
use super::pixels::Pixels;
use super::ranges::{Cut, Does, range, walk};
use super::request::{Request, WalkLoss};
use super::scratch::Scratch;
use super::slots::slots;
use super::spans::{Spans, Values};
use super::stage::Stage;
use super::totals::scale;
use super::walk::{Counted, Sizes, Walk};
use crate::check::Divisor;
use crate::gpu::choices::Choices;
use crate::gpu::link::Slots;
use crate::gpu::shaders::geometry::{label_weight, whole};
use crate::gpu::shaders::lib::count;
use crate::gpu::shaders::operand::{class_weight, dx, sample_weight};
use crate::gpu::shaders::{Shader, choice, geometry, slot};
use crate::role::Role;
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
/// This many rows, or fewer, would leave a GPU idle, so they are cut if they have at least `CHUNK` classes.
const FEW: usize = 64;

/// The most classes that a workgroup goes through in one dispatch. This bounds rows that their gradient overwrites,
/// which are never cut, and ranges of classes.
pub(super) const MOST_IN_PLACE: usize = 1 << 19;

/// The positions that a workgroup counts before the walk.
const COUNTED: usize = 16384;

pub(super) fn plan(request: &Request<'_>, classes: Classes, fold: Fold) -> Walk {
    let positions = classes.positions();
    let (sizes, spans) = (Sizes::of(classes), Spans::Classes(classes));
    if positions == 0 {
        return Walk { sizes, spans, ..Walk::default() };
    }
    let (mut stages, counted) = scale(request, WalkLoss::Only, Some(counted(request, WalkLoss::Only, positions)));
    let sizes = Sizes { counted, ..sizes };
    // in place, rows stay whole: the lanes of a workgroup read the label's class before any of them writes, but another
    // chunk's workgroup could have overwritten it
    let in_place = request.in_place().is_some();
    let (long, few) = (classes.c > UNCUT, classes.c >= CHUNK && positions <= FEW);
    let cuts = !in_place && (long && (classes.class_stride == 1 || classes.s <= FEW) || few);
    let walk = match Pixels::of(request, classes, fold) {
        _ if request.statistics || request.among() || cuts => Chunked::new(request, sizes, classes, fold).plan(),
        Some(pixels) => pixels.plan(request, sizes, classes, fold),
        None => one_pass(request, sizes, classes, fold),
    };
    stages.extend(walk.stages);
    Walk { stages, ..walk }
}

/// One pass. Enough lanes share a position to keep loops short and to let neighbouring lanes read neighbouring memory.
fn one_pass(request: &Request<'_>, sizes: Sizes, classes: Classes, fold: Fold) -> Walk {
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
        .min((4096 / (fold.sweeps * lane_of(c))).max(1));
    let rounds = if by_item { rounds.min((classes.s / slots).max(1)) } else { rounds };
    let chunk = slots * rounds;
    let chunks = classes.s.div_ceil(chunk);
    let (groups, values) = match by_item {
        true => (classes.n * chunks, Values::OfItems { per_item: classes.s, chunk, chunks }),
        false => (positions.div_ceil(chunk), Values::Each(chunk as u64)),
    };
    let sizes = Sizes { rounds, chunk, chunks, tallies: groups, ..sizes };
    let kept = kept_quads(request, classes, lanes);
    let stage = |does: Does| {
        let choices = choices(request, fold, classes).number(choice::LANES, lanes);
        let choices = does.choices(choices.flag(choice::ROWS, rows).flag(choice::BY_ITEM, by_item));
        let stage = Stage::new(geometry::POSITIONS_FUSED, does.slots(request, fold), choices, 0);
        // one loop for each walk over the classes, and one for the gradient
        let stage =
            stage.in_quads(whole_quads(classes)).keeping_rows(kept).looping((fold.walks() + 1) * rounds * per_lane);
        if does.writes { writing(request, stage) } else { stage }
    };
    walk(request, (classes, fold), sizes, Cut { groups, values, lanes, range }, stage)
}

/// How many quads of a row each lane has, if the lane keeps them from the fold to the gradient.
fn kept_quads(request: &Request<'_>, classes: Classes, lanes: usize) -> Option<u32> {
    let quads = classes.c.div_ceil(4 * lanes);
    if !request.target.keeps_rows() {
        return None;
    }
    let numbers = 4 * if request.checked.labels.is_some() { quads } else { 2 * quads };
    let few = numbers <= KEPT && classes.positions() * classes.c >= MANY && !request.wanted.is_empty();
    (classes.class_stride == 1 && few).then_some(quads as u32)
}

/// Rows that are cut into chunks, in three passes: states of chunks, scores of rows, gradients. A shard of rows whose
/// classes are spread over devices has the first pass in one call, and the others in a second one, with the statistics
/// of all shards.
struct Chunked<'a> {
    request: &'a Request<'a>,
    classes: Classes,
    fold: Fold,
    sizes: Sizes,
}

impl<'a> Chunked<'a> {
    fn new(request: &'a Request<'a>, sizes: Sizes, classes: Classes, fold: Fold) -> Chunked<'a> {
        // an invocation of the second pass merges the chunks of a row, so a row has hardly more than 2048
        let chunk = CHUNK.max(classes.c.div_ceil(2048).next_power_of_two());
        let chunks = classes.c.div_ceil(chunk);
        // a workgroup of the second pass scores few enough rows that a small binding holds them
        let rounds = (SCORED / classes.c.max(1)).clamp(1, 256);
        let tallies = classes.positions().div_ceil(rounds);
        Chunked { request, classes, fold, sizes: Sizes { chunk, chunks, rounds, tallies, ..sizes } }
    }

    fn plan(self) -> Walk {
        let (request, shards) = (self.request, self.request.part.among.as_ref());
        let stages = match shards {
            _ if request.statistics => vec![self.gather(), self.statistics()],
            Some(_) => [self.score(whole::SHARDS)].into_iter().chain(self.backward(whole::SHARDS)).collect(),
            None if self.fold.compares => {
                let folded = [self.gather(), self.merge(), self.compare(), self.score(whole::COMPARED)];
                folded.into_iter().chain(self.backward(whole::COMPARED)).collect()
            }
            None => {
                let folded = [self.gather(), self.score(whole::CHUNKS)];
                folded.into_iter().chain(self.backward(whole::CHUNKS)).collect()
            }
        };
        // if classes are compared, the sums of chunks lie behind the states of chunks
        let states = self.groups() * if self.fold.compares { 2 } else { 1 };
        let states =
            (shards.is_none() || request.statistics).then(|| Scratch::states("chunk_states", self.fold.states, states));
        let spans = Spans::Classes(self.classes);
        Walk { sizes: self.sizes, stages, scratch: states.into_iter().collect(), spans }
    }

    /// How many chunks all rows have.
    fn groups(&self) -> u64 {
        (self.classes.positions() * self.sizes.chunks) as u64
    }

    /// A stage over chunks.
    fn over_chunks(&self, entry: Shader, slots: Slots) -> Stage {
        let stage = Stage::new(entry, slots, choices(self.request, self.fold, self.classes), self.groups());
        let stage = stage.in_quads(whole_quads(self.classes)).looping(self.sizes.chunk / 256);
        stage.through(Values::Shared { chunks: self.sizes.chunks })
    }

    /// A stage over rows, which merges `merged` states for each row.
    fn over_rows(&self, entry: Shader, slots: Slots, merged: usize) -> Stage {
        let choices = choices(self.request, self.fold, self.classes);
        let stage = Stage::new(entry, slots, choices, self.sizes.tallies as u64);
        stage.through(Values::Each(self.sizes.rounds as u64)).looping(merged)
    }

    /// Computes the states of all chunks.
    fn gather(&self) -> Stage {
        self.over_chunks(geometry::POSITIONS_GATHER, filled(self.request, self.fold, false))
    }

    /// Merges the states of each row, before its classes are compared with the whole.
    fn merge(&self) -> Stage {
        let slots = filled(self.request, self.fold, false).with(slot::WHOLE, whole::CHUNKS);
        self.over_rows(geometry::POSITIONS_MERGE, slots, self.sizes.chunks)
    }

    /// Compares the classes of all chunks with the states of their whole rows.
    fn compare(&self) -> Stage {
        self.over_chunks(geometry::POSITIONS_COMPARE, filled(self.request, self.fold, false))
    }

    /// Writes the statistics of a shard.
    fn statistics(&self) -> Stage {
        let slots = filled(self.request, self.fold, false).with(slot::WHOLE, whole::CHUNKS);
        self.over_rows(geometry::POSITIONS_STATISTICS, slots, self.sizes.chunks)
    }

    /// Scores rows. The file `whole` merges the states of a row's chunks, or the statistics of the shards.
    fn score(&self, whole: Shader) -> Stage {
        let slots = filled(self.request, self.fold, true).with(slot::WHOLE, whole);
        let shards = self.request.part.among.as_ref().map_or(self.sizes.chunks, |all| all.shape()[0]);
        self.over_rows(geometry::POSITIONS_SCORE, slots, shards)
    }

    /// Computes the gradients of chunks, if they are wanted.
    fn backward(&self, whole: Shader) -> Option<Stage> {
        let mut slots = filled(self.request, self.fold, true).with(slot::WHOLE, whole);
        slots.fill_dx(0, dx::WORDS);
        let wanted = !self.request.wanted.is_empty();
        wanted.then(|| writing(self.request, self.over_chunks(geometry::POSITIONS_BACKWARD, slots)))
    }
}

/// The stage that counts the denominator of a loss, with how many positions a workgroup counts and how many tallies it
/// leaves.
pub(super) fn counted(request: &Request<'_>, loss: WalkLoss, positions: usize) -> (Stage, Counted) {
    let mut slots = slots(request);
    let weighs = request.divisor(loss) == Divisor::Weights;
    // only one of the shards has the weight of a label: an invocation looks in all of them, so it counts a single position
    let looks_up = weighs && request.among();
    if !weighs || looks_up {
        slots.fill(slot::CLASS_WEIGHT, class_weight::ONE);
    }
    slots.fill(slot::LABEL_WEIGHT, if looks_up { label_weight::SHARDS } else { label_weight::OWN });
    let chunk = if looks_up { 256 } else { COUNTED };
    let tallies = positions.div_ceil(chunk);
    if loss == WalkLoss::Fused && request.weighs_positions() {
        let weighed = request.of_role(Role::SampleWeight).is_some();
        slots.fill(slot::COUNT, count::WEIGHTS);
        slots.fill(slot::SAMPLE_WEIGHT, if weighed { sample_weight::GIVEN } else { sample_weight::UNIT });
    }
    let stage = Stage::new(geometry::POSITIONS_COUNT, slots, noted(request, Choices::default()), tallies as u64)
        .through(Values::Each(chunk as u64));
    (stage, Counted { chunk, tallies })
}
