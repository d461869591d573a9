//! Classes of items that no binding holds, or too many for a loop: gone through range by range, each dispatch binding the planes
//! of one.
//!
//! Lanes find the predictions for labels first, keep the states of positions from range to range, score with the last one, and
//! write gradients range by range. The workgroups, and what each lane does one after the other, are those of a walk at once, and
//! so are the bits.

use super::classes::{Fold, choices, filled};
use super::request::Request;
use super::spans::{Spans, Values};
use super::split::{SLICE, room};
use super::stage::{Plan, Stage, narrow};
use crate::gpu::choices::Choices;
use crate::gpu::link::Slots;
use crate::gpu::params::Block;
use crate::gpu::shaders::geometry::{classes, logits};
use crate::gpu::shaders::operand::{dx, losses, upstream};
use crate::gpu::shaders::scratch::position_states;
use crate::gpu::shaders::{choice, geometry, slot};
use crate::shape::Classes;

/// The bytes of an element, however it is stored, or more.
const F32: u64 = 4;

/// The elements that a binding holds, however they are stored.
pub(super) fn most_elements(request: &Request<'_>) -> u64 {
    room(request) / F32
}

/// The bytes that a binding needs for so many elements, however they are stored and wherever in it they begin.
pub(super) fn bytes_of_a_binding(request: &Request<'_>, elements: u64) -> u64 {
    F32 * elements + (request.target.binding_limit - room(request))
}

/// The classes of a range, where bindings do not hold all of an item's.
pub(super) fn range(request: &Request<'_>, classes: Classes) -> Option<usize> {
    let most = most_elements(request);
    let planes = || ((most.min(SLICE / F32) / 2) as usize / classes.s).max(1);
    (classes.class_stride > 1 && (classes.c * classes.s) as u64 > most).then(planes)
}

/// The dispatches that go through so many classes each.
pub(super) fn ranges(classes: Classes, range: usize) -> impl Iterator<Item = Block> {
    (0..classes.c).step_by(range.max(1)).map(move |first| Block {
        other_first: narrow(first as u64),
        other_end: narrow(first.saturating_add(range).min(classes.c) as u64),
        fresh: u32::from(first == 0),
        ..Block::default()
    })
}

/// What one of the dispatches of a walk over positions does.
#[derive(Clone, Copy)]
pub(super) struct Does {
    pub folds: bool,
    pub scores: bool,
    pub writes: bool,
    pub in_ranges: bool,
}

impl Does {
    /// The choices of a walk, with these.
    pub fn choices(self, of_walk: Choices) -> Choices {
        let Does { folds, scores, writes, .. } = self;
        of_walk.flag(choice::FOLDS, folds).flag(choice::SCORES, scores).flag(choice::WRITES, writes)
    }

    /// What fills the slots of its kernel.
    pub fn slots(self, request: &Request<'_>, fold: Fold) -> Slots {
        let mut slots = filled(request, fold, true);
        if !self.writes {
            slots.fill(slot::UPSTREAM, upstream::ONE);
        }
        if !self.scores {
            slots.fill(slot::LOSSES, losses::NOWHERE);
        }
        slots.fill_dx(0, if self.writes { dx::WORDS } else { dx::NOWHERE });
        let states = if self.in_ranges { position_states::RANGES } else { position_states::ONCE };
        slots.fill(slot::POSITION_STATES, states);
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
    /// The classes of a dispatch, if not all.
    pub range: Option<usize>,
}

/// The dispatches of a walk over positions: one, or those of all ranges.
pub(super) fn walk(
    request: &Request<'_>,
    plan: &mut Plan,
    (classes, fold): (Classes, Fold),
    cut: Cut,
    stage: impl Fn(Does) -> Stage,
) {
    let (groups, writes) = (cut.groups as u64, !request.wanted.is_empty());
    let stage = |folds, scores, writes| {
        stage(Does { folds, scores, writes, in_ranges: cut.range.is_some() }).through(cut.values)
    };
    let ranges = || ranges(classes, cut.range.unwrap_or(classes.c));
    if cut.range.is_none() {
        let all = stage(true, true, writes);
        plan.stages.extend(ranges().map(|block| all.over(block, groups)));
        return;
    }
    plan.spans = Spans::Ranges { classes, lanes: cut.lanes as u64 };
    plan.hold_pixel_states(fold.states, (classes.positions() * cut.lanes) as u64);
    if request.checked.labels.is_some() {
        let slots = filled(request, fold, false).with(slot::LABEL_LOGITS, position_states::RANGES);
        let choices = choices(request, fold, classes).number(choice::LANES, cut.lanes);
        let find = Stage::new(geometry::PIXELS_FIND, slots, choices, 0).through(cut.values);
        plan.stages.extend(ranges().map(|block| find.over(block, groups)));
    }
    let (folds, scores) = (stage(true, false, false), stage(true, true, false));
    let last = |block: &Block| block.other_end as usize == classes.c;
    plan.stages.extend(ranges().map(|block| if last(&block) { &scores } else { &folds }.over(block, groups)));
    if writes {
        let writes = stage(false, false, true);
        plan.stages.extend(ranges().map(|block| writes.over(Block { fresh: 0, ..block }, groups)));
    }
}
