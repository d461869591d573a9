//! Goes through the classes of an item range by range, if a binding cannot hold the item or a loop cannot go through
//! all of its classes. Each dispatch binds the classes of one range.
//!
//! With labels, the first dispatches find the logit of each position's label. The next ones fold the classes range by
//! range, with the states of positions in memory; the last of them also scores. The final ones write gradients range by
//! range. Each lane computes what it computes in a walk without ranges, in the same order, so the bits are the same.

use super::classes::{Fold, choices, filled};
use super::request::Request;
use super::scratch::Scratch;
use super::spans::{Spans, Values};
use super::split::{SLICE, room};
use super::stage::{Stage, of_block};
use super::walk::{Sizes, Walk};
use crate::gpu::choices::Choices;
use crate::gpu::link::Slots;
use crate::gpu::params::Block;
use crate::gpu::shaders::geometry::{classes, comparison, logits};
use crate::gpu::shaders::operand::{dx, losses, upstream};
use crate::gpu::shaders::scratch::{observed_positions, position_states};
use crate::gpu::shaders::{choice, geometry, slot};
use crate::shape::Classes;

/// The bytes of an element of the largest float dtype.
const F32: u64 = 4;

/// How many elements of any float dtype a binding has room for.
pub(super) fn most_elements(request: &Request<'_>) -> u64 {
    room(request) / F32
}

/// The bytes that a binding needs for `elements` elements of any float dtype, wherever they begin in it.
pub(super) fn bytes_of_a_binding(request: &Request<'_>, elements: u64) -> u64 {
    F32 * elements + (request.target.binding_limit - room(request))
}

/// How many classes a range has, or `None` if a binding can hold an item.
pub(super) fn range(request: &Request<'_>, classes: Classes) -> Option<usize> {
    let most = most_elements(request);
    let planes = || ((most.min(SLICE / F32) / 2) as usize / classes.s).max(1);
    (classes.class_stride > 1 && (classes.c * classes.s) as u64 > most).then(planes)
}

/// A block for each range of `range` classes.
pub(super) fn ranges(classes: Classes, range: usize) -> impl Iterator<Item = Block> {
    (0..classes.c).step_by(range.max(1)).map(move |first| Block {
        other_first: of_block(first),
        other_end: of_block(first.saturating_add(range).min(classes.c)),
        fresh: u32::from(first == 0),
        ..Block::default()
    })
}

/// The work of one dispatch of a walk over positions.
#[derive(Clone, Copy)]
pub(super) struct Does {
    pub folds: bool,
    /// Whether the dispatch walks the classes a second time, for a fold that compares them with the state of the whole row.
    pub compares: bool,
    pub scores: bool,
    pub writes: bool,
    pub in_ranges: bool,
}

impl Does {
    /// Adds these flags to the choices of the walk.
    pub fn choices(self, of_walk: Choices) -> Choices {
        let Does { folds, compares, scores, writes, .. } = self;
        let of_walk = of_walk.flag(choice::FOLDS, folds).flag(choice::COMPARES, compares);
        of_walk.flag(choice::SCORES, scores).flag(choice::WRITES, writes)
    }

    /// Fills the slots of the dispatch's kernel.
    pub fn slots(self, request: &Request<'_>, fold: Fold) -> Slots {
        let mut slots = filled(request, fold, true);
        if !self.writes {
            slots.fill(slot::UPSTREAM, upstream::ONE);
        }
        if !self.scores {
            slots.fill(slot::LOSSES, losses::NOWHERE);
            slots.fill(slot::OBSERVED_POSITIONS, observed_positions::NOWHERE);
        }
        slots.fill_dx(0, if self.writes { dx::WORDS } else { dx::NOWHERE });
        let states = match self.in_ranges {
            true if fold.compares => position_states::COMPARED,
            true => position_states::RANGES,
            false => position_states::ONCE,
        };
        slots.fill(slot::POSITION_STATES, states);
        if fold.compares {
            slots.fill(slot::COMPARISON, if self.in_ranges { comparison::RANGES } else { comparison::ONCE });
        }
        slots.fill(slot::CLASSES, classes::RANGE);
        slots.fill(slot::LOGITS, logits::READ);
        slots
    }
}

/// How a walk over positions is cut.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    pub groups: usize,
    pub values: Values,
    /// How many lanes share a position.
    pub lanes: usize,
    /// How many classes a range has, if the walk goes through classes range by range.
    pub range: Option<usize>,
}

/// A walk over positions: one dispatch, or several for each range.
pub(super) fn walk(
    request: &Request<'_>,
    (classes, fold): (Classes, Fold),
    sizes: Sizes,
    cut: Cut,
    stage: impl Fn(Does) -> Stage,
) -> Walk {
    let (groups, writes) = (cut.groups as u64, !request.wanted.is_empty());
    let stage = |folds, compares, scores, writes| {
        stage(Does { folds, compares, scores, writes, in_ranges: cut.range.is_some() }).through(cut.values)
    };
    let ranges = || ranges(classes, cut.range.unwrap_or(classes.c));
    if cut.range.is_none() {
        let all = stage(true, fold.compares, true, writes);
        let stages = ranges().map(|block| all.over(block, groups)).collect();
        return Walk { sizes, stages, scratch: Vec::new(), spans: Spans::Classes(classes) };
    }
    let mut stages = Vec::new();
    if request.checked.labels.is_some() {
        let slots = filled(request, fold, false).with(slot::LABEL_LOGITS, position_states::RANGES);
        let choices = choices(request, fold, classes).number(choice::LANES, cut.lanes);
        let find = Stage::new(geometry::PIXELS_FIND, slots, choices, 0).through(cut.values);
        stages.extend(ranges().map(|block| find.over(block, groups)));
    }
    let folds = stage(true, false, false, false);
    let last = |block: &Block| block.other_end as usize == classes.c;
    if fold.compares {
        stages.extend(ranges().map(|block| folds.over(block, groups)));
        let (compares, scores) = (stage(false, true, false, false), stage(false, true, true, false));
        let of_range = |block: &Block| if last(block) { &scores } else { &compares };
        stages.extend(ranges().map(|block| of_range(&block).over(Block { fresh: 0, ..block }, groups)));
    } else {
        let scores = stage(true, false, true, false);
        stages.extend(ranges().map(|block| if last(&block) { &scores } else { &folds }.over(block, groups)));
    }
    if writes {
        let writes = stage(false, false, false, true);
        stages.extend(ranges().map(|block| writes.over(Block { fresh: 0, ..block }, groups)));
    }
    // a fold that compares classes also keeps each lane's sums, beside the lane's state
    let lanes = cut.lanes as u64 * if fold.compares { 2 } else { 1 };
    let scratch = vec![Scratch::position_states(fold.states, classes.positions() as u64 * lanes)];
    Walk { sizes, stages, scratch, spans: Spans::Ranges { classes, lanes } }
}
