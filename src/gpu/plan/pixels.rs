//! Plans a walk over positions whose classes lie far apart: a lane takes neighbouring positions, with all their
//! classes.

use super::classes::{Fold, choices, writing};
use super::ranges::{Cut, Does, range, walk};
use super::request::Request;
use super::spans::Values;
use super::stage::Stage;
use super::walk::{Sizes, Walk};
use crate::gpu::shaders::{choice, geometry};
use crate::shape::Classes;

/// The most classes that a lane goes through, if items are smaller than `LARGE`.
const MOST_OF_SMALL: usize = 256;

/// Items of at least this many positions have their own workgroups.
const LARGE: usize = 8192;
/// The most classes that a lane goes through in such items.
const MOST_OF_LARGE: usize = 1024;

/// The most classes of four positions that a lane keeps.
const FEW: usize = 24;
/// The fewest positions for which a kernel for this number of classes is worth compiling.
const MANY: usize = 1 << 16;

/// The number of classes, if lanes can keep `numbers` numbers of each, and compiling a kernel for this number is worth it.
pub(super) fn kept_classes(request: &Request<'_>, classes: Classes, numbers: usize) -> Option<u32> {
    (classes.c <= request.target.kept(FEW, numbers) && classes.positions() >= MANY).then_some(classes.c as u32)
}

/// How lanes take neighbouring positions.
#[derive(Clone, Copy)]
pub(super) struct Pixels {
    /// How many positions a lane takes at a time.
    each: usize,
    /// How many times `each` positions a lane takes of a class before it goes on to the next class.
    strip: usize,
    /// Whether each workgroup belongs to one item.
    by_item: bool,
}

impl Pixels {
    /// `None` if a lane would have too many classes, or if classes lie together.
    pub fn of(request: &Request<'_>, classes: Classes, fold: Fold) -> Option<Pixels> {
        let each = if fold.light && request.target.by_quads(classes.s.is_multiple_of(4)) { 4 } else { 1 };
        let by_item = classes.s >= LARGE;
        let short = match by_item {
            true => classes.c <= MOST_OF_LARGE,
            false => (each == 4 || request.target.small_kernels) && classes.c <= MOST_OF_SMALL,
        };
        let strip = request.target.strip(each == 4, classes.positions());
        (classes.class_stride > 1 && short).then_some(Pixels { each, strip, by_item })
    }

    /// The walk with these sizes.
    pub fn plan(self, request: &Request<'_>, sizes: Sizes, classes: Classes, fold: Fold) -> Walk {
        let (runs, run) = if self.by_item { (classes.n, classes.s) } else { (1, classes.positions()) };
        // more rounds leave fewer tallies, as long as an invocation's loops stay short
        let together = 256 * self.each * self.strip;
        let rounds = (classes.positions() / (together * request.target.workgroups(4096)))
            .next_power_of_two()
            .min((4096 / classes.c).max(1));
        let (chunk, chunks) = (together * rounds, run.div_ceil(together * rounds));
        let groups = runs * chunks;
        let sizes = Sizes { rounds, chunk, chunks, tallies: groups, ..sizes };
        let values = Values::OfItems { per_item: run, chunk, chunks };
        let range = range(request, classes).filter(|_| self.by_item);
        let keeps = self.each == 4 && self.strip == 1 && range.is_none() && !request.wanted.is_empty();
        let kept = kept_classes(request, classes, 4).filter(|_| keeps);
        let cut = Cut { groups, values, lanes: 1, range };
        walk(request, (classes, fold), sizes, cut, |does| {
            self.stage(request, classes, fold, does).keeping_classes(kept).looping(2 * rounds * classes.c)
        })
    }

    fn stage(self, request: &Request<'_>, classes: Classes, fold: Fold, does: Does) -> Stage {
        let choices = choices(request, fold, classes).number(choice::EACH, self.each);
        let choices = does.choices(choices.flag(choice::BY_ITEM, self.by_item));
        let stage = Stage::new(geometry::POSITIONS_PIXELS, does.slots(request, fold), choices, 0);
        let stage = stage.in_quads(self.each == 4).in_strips(self.strip);
        if does.writes { writing(request, stage) } else { stage }
    }
}
