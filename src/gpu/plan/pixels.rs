//! How a walk over positions is cut whose classes lie far apart: a lane takes neighbours.
//!
//! Where bindings do not hold an item, its classes are gone through range by range, each dispatch binding the planes of one:
//! the label's logits, the states, the losses with the last range's states, the gradients. The workgroups, and what each
//! lane does one after the other, are those of a walk at once, and so are the bits.

use super::positions::{Fold, choices, joint, writing};
use super::split::{SLICE, Spans, Values, room};
use super::{Plan, Request, Stage, narrow};
use crate::gpu::params::Block;
use crate::shape::Classes;

/// The most classes that a lane goes through for each of four positions, whatever items there are.
const MOST_OF_FOUR: usize = 256;

/// Items of so many positions have workgroups of their own, of which a lane goes through so many classes.
const LARGE: usize = 8192;
const MOST_OF_LARGE: usize = 1024;

/// The most classes that a lane keeps of four positions, and the fewest positions for which a kernel of their number is made.
const FEW: usize = 24;
const MANY: usize = 1 << 16;

/// The most numbers that a lane of a GPU keeps: beyond half of the registers it can have, too few lanes go at once. A CPU under a
/// driver has caches instead.
const REGISTERS: usize = 96;

/// The bytes of an element, however it is stored, or more.
const F32: u64 = 4;

/// How many classes there are, where lanes keep so many numbers of each.
pub(super) fn few(request: &Request<'_>, classes: Classes, numbers: usize) -> Option<u32> {
    let most = if request.on_cpu { FEW } else { FEW.min(REGISTERS / numbers) };
    (classes.c <= most && classes.positions() >= MANY).then(|| narrow(classes.c as u64))
}

/// A dispatch that goes through all classes of its positions.
pub(super) fn all_classes(classes: Classes) -> Block {
    range_of(0, classes.c)
}

fn range_of(first: usize, end: usize) -> Block {
    Block {
        other_first: narrow(first as u64),
        other_end: narrow(end as u64),
        fresh: u32::from(first == 0),
        ..Block::default()
    }
}

/// How neighbours are taken.
#[derive(Clone, Copy)]
pub(super) struct Pixels {
    /// By a lane, at a time.
    each: usize,
    /// How many times that, a class after the other.
    strip: usize,
    /// Whether workgroups belong to one item each.
    by_item: bool,
}

/// What one of the dispatches does.
#[derive(Clone, Copy, Default)]
struct Does {
    folds: bool,
    scores: bool,
    writes: bool,
    in_ranges: bool,
}

impl Pixels {
    /// None where lanes had too much to do, or classes lie together.
    pub fn of(request: &Request<'_>, classes: Classes, fold: Fold) -> Option<Pixels> {
        let each = if fold.light && classes.s.is_multiple_of(4) { 4 } else { 1 };
        let by_item = classes.s >= LARGE;
        let short = match by_item {
            true => classes.c <= MOST_OF_LARGE,
            false => each == 4 && classes.c <= MOST_OF_FOUR,
        };
        let strip = request.strip(each == 4);
        (classes.class_stride > 1 && short).then_some(Pixels { each, strip, by_item })
    }

    pub fn plan(self, request: &Request<'_>, plan: &mut Plan, classes: Classes, fold: Fold) {
        let (runs, run) = if self.by_item { (classes.n, classes.s) } else { (1, classes.positions()) };
        // as far as an invocation's loops stay short
        let together = 256 * self.each * self.strip;
        let rounds = (classes.positions() / (together * request.workgroups(4096)))
            .next_power_of_two()
            .min((4096 / classes.c).max(1));
        let (chunk, chunks) = (together * rounds, run.div_ceil(together * rounds));
        let groups = (runs * chunks) as u64;
        plan.params.rounds = narrow(rounds as u64);
        (plan.params.chunk, plan.params.chunks) = (narrow(chunk as u64), narrow(chunks as u64));
        plan.params.tallies = narrow(groups);
        plan.longest_loop = plan.longest_loop.max((2 * rounds * classes.c) as u64);
        let values = Values::OfItems { per_item: run, chunk, chunks };
        let stage = |does| self.stage(request, classes, fold, does).through(values);
        let writes = !request.wanted.is_empty();
        let Some(range) = self.range(request, classes) else {
            let does = Does { folds: true, scores: true, writes, in_ranges: false };
            let few = few(request, classes, 4).filter(|_| self.each == 4 && self.strip == 1 && writes);
            plan.stages.push(stage(does).of_few(few).over(all_classes(classes), groups));
            return;
        };

        plan.spans = Spans::Ranges(classes);
        plan.hold_pixel_states(fold.files[0], classes.positions() as u64);
        let ranges = || (0..classes.c).step_by(range).map(|first| range_of(first, (first + range).min(classes.c)));
        if request.checked.labels.is_some() {
            let mut find = joint(request, fold, &[], false);
            find.files(&["operand/pixel_states", "geometry/pixels_find"]);
            let find = find.stage("pixels_find", choices(request, fold, classes), 0).through(values);
            plan.stages.extend(ranges().map(|block| find.over(block, groups)));
        }
        let [folds, scores, writing] = [(true, false, false), (true, true, false), (false, false, true)]
            .map(|(folds, scores, writes)| stage(Does { folds, scores, writes, in_ranges: true }));
        let last = |block: &Block| block.other_end as usize == classes.c;
        plan.stages.extend(ranges().map(|block| if last(&block) { &scores } else { &folds }.over(block, groups)));
        if writes {
            plan.stages.extend(ranges().map(|block| writing.over(Block { fresh: 0, ..block }, groups)));
        }
    }

    /// The classes of a range, where bindings do not hold all of an item's.
    fn range(self, request: &Request<'_>, classes: Classes) -> Option<usize> {
        let most = room(request) / F32;
        let planes = || ((most.min(SLICE / F32) / 2) as usize / classes.s).max(1);
        (self.by_item && (classes.c * classes.s) as u64 > most).then(planes)
    }

    fn stage(self, request: &Request<'_>, classes: Classes, fold: Fold, does: Does) -> Stage {
        let mut joint = joint(request, fold, &["lib/tally", "lib/workspace"], true);
        joint.optional("upstream", does.writes && request.upstream_tensor());
        joint.optional("losses", does.scores && request.unreduced());
        joint.optional("dx0", does.writes);
        joint.optional("pixel_states", does.in_ranges);
        joint.files(&["geometry/positions_tally", "geometry/positions_write"]);
        joint.files(&["geometry/class_range", "geometry/logits_read", "geometry/positions_pixels"]);
        let flag = |name: &str, flag: bool| (name.to_string(), f64::from(u8::from(flag)));
        let mut overrides = choices(request, fold, classes);
        overrides.extend([("EACH".into(), self.each as f64), flag("BY_ITEM", self.by_item)]);
        overrides.extend(
            [("FOLDS", does.folds), ("SCORES", does.scores), ("WRITES", does.writes)]
                .map(|(name, does)| flag(name, does)),
        );
        let stage = joint.stage("positions_pixels", overrides, 0).in_quads(self.each == 4).in_strips(self.strip);
        if does.writes { writing(request, stage) } else { stage }
    }
}
