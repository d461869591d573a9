//! Classes of items that no binding holds, or too many for a loop: gone through range by range, each dispatch binding the planes
//! of one.
//!
//! Lanes find the predictions for labels first, keep the states of positions from range to range, score with the last one, and
//! write gradients range by range. The workgroups, and what each lane does one after the other, are those of a walk at once, and
//! so are the bits.

use super::positions::{Fold, choices, joint};
use super::split::{SLICE, Spans, Values, room};
use super::{Joint, Plan, Request, Stage, narrow};
use crate::gpu::params::Block;
use crate::shape::Classes;

/// The bytes of an element, however it is stored, or more.
const F32: u64 = 4;

/// The elements that a binding holds, however they are stored.
pub(super) fn most_elements(request: &Request<'_>) -> u64 {
    room(request) / F32
}

/// The bytes that a binding needs for so many elements, however they are stored and wherever in it they begin.
pub(super) fn bytes_of_a_binding(request: &Request<'_>, elements: u64) -> u64 {
    F32 * elements + (request.binding_limit - room(request))
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
    pub fn choices(self) -> [(String, f64); 3] {
        let Does { folds, scores, writes, .. } = self;
        [("FOLDS", folds), ("SCORES", scores), ("WRITES", writes)]
            .map(|(name, does)| (name.into(), f64::from(u8::from(does))))
    }

    /// What its kernel is joined of, beside how it goes through classes.
    pub fn joint(self, request: &Request<'_>, fold: Fold) -> Joint {
        let mut joint = joint(request, fold, &["lib/tally", "lib/workspace"], true);
        joint.optional("upstream", self.writes && request.upstream_tensor());
        joint.optional("losses", self.scores && request.unreduced());
        joint.optional("dx0", self.writes);
        joint.optional("pixel_states", self.in_ranges);
        joint.files(&["geometry/class_range", "geometry/positions_tally", "geometry/positions_write"]);
        joint
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
    plan.hold_pixel_states(fold.files[0], (classes.positions() * cut.lanes) as u64);
    if request.checked.labels.is_some() {
        let mut find = joint(request, fold, &[], false);
        find.files(&["operand/pixel_states", "geometry/pixels_find"]);
        let mut choices = choices(request, fold, classes);
        choices.push(("LANES".into(), cut.lanes as f64));
        let find = find.stage("pixels_find", choices, 0).through(cut.values);
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
