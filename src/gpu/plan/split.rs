//! Cuts dispatches into slices where operands are longer than a binding may be, or where the work would hold a GPU for
//! long. A slice binds a window of what it reads and writes. Its workgroups keep their numbers, so tallies lie where
//! they would lie without slices, and all bits stay the same.
//!
//! The base that a kernel adds to an element's place is negative, and wraps, where a window begins later. A walk over tiles
//! binds the rows of its block, and a walk over an item's channels binds some of the items. `ranges` goes through an item
//! that no binding holds. Whatever else one workgroup needs has to fit a binding, or the plan is refused with both numbers:
//! a row that is scored with its label's logit, and the items whose classes are cut into chunks or sharded.

use super::request::Request;
use super::stage::{Bound, Plan, Stage};
use crate::error::{Error, Result};
use crate::gpu::params::Block;
use crate::gpu::target::Target;
use crate::shape::DType;
use std::ops::Range;

/// The most bytes of an operand that one dispatch goes through: some 50 milliseconds of a GPU that copies 10 GB/s.
pub(super) const SLICE: u64 = 128 << 20;

/// The most bytes that a window has beyond its elements. It begins at a multiple of the 256 bytes of a binding's
/// alignment and of an element's size, at most 36 times 256 for every element, and ends with a whole quad.
const AROUND: u64 = 36 * 256 + 16;

/// The bytes of elements that a binding has room for.
pub(super) fn room(request: &Request<'_>) -> u64 {
    room_of(request.target)
}

fn room_of(target: &Target) -> u64 {
    target.binding_limit.saturating_sub(AROUND)
}

/// The dtype of the caller's tensor behind a binding.
type DTypeOf<'a> = &'a dyn Fn(&Bound) -> Option<DType>;

/// A binding that need not be bound whole.
struct Cuttable {
    name: &'static str,
    /// The bytes of an element.
    size: u64,
}

/// The bindings of a stage that need not be bound whole.
fn cuttable(dtype: DTypeOf<'_>, plan: &Plan, stage: &Stage) -> Vec<Cuttable> {
    let bindings = stage.recipe.bindings().iter();
    let bindings = bindings.filter(|binding| plan.spans.of(binding.name, &(0..1), &stage.block).is_some());
    let sized = bindings.map(|binding| {
        let size = match plan.bound(stage, binding.name) {
            Bound::Scratch(name) => plan.element_bytes(name),
            bound => dtype(&bound).map_or(4, |dtype| dtype.size() as u64),
        };
        Cuttable { name: binding.name, size }
    });
    sized.collect()
}

/// The plan with those stages cut that need it.
pub(super) fn split(target: &Target, dtype: DTypeOf<'_>, mut plan: Plan) -> Result<Plan> {
    let most = room_of(target);
    let mut stages = Vec::new();
    for stage in std::mem::take(&mut plan.stages) {
        let Some(values) = stage.values else {
            stages.push(stage);
            continue;
        };
        let bindings = cuttable(dtype, &plan, &stage);
        // the largest window that these workgroups need in a block, in bytes, and its binding
        let needed_in = |block: &Block, groups: Range<u64>| {
            let of = values.of(&groups);
            let bytes = |binding: &Cuttable| {
                let span = plan.spans.of(binding.name, &of, block).unwrap_or_default();
                ((span.end - span.start) * binding.size, binding.name)
            };
            bindings.iter().map(bytes).max().unwrap_or_default()
        };
        let needed = |groups: Range<u64>| needed_in(&stage.block, groups);
        // the most bytes that they read of a binding, which are fewer where a window has gaps
        let gone_through = |groups: Range<u64>| {
            let of = values.of(&groups);
            let elements = |binding: &Cuttable| plan.spans.elements(binding.name, &of, &stage.block);
            let bytes = |binding: &Cuttable| values.read_by(elements(binding), &groups) * binding.size;
            bindings.iter().map(bytes).max().unwrap_or_default()
        };
        let fits = |groups: Range<u64>| {
            let first = groups.start..groups.start + 1;
            needed(groups.clone()).0 <= most && (groups == first || gone_through(groups) <= SLICE)
        };
        // a range of an item's classes may fit where the item, without a window, does not
        let whole = needed_in(&plan.spans.whole(&stage.block), 0..stage.groups).0;
        if whole <= most && fits(0..stage.groups) {
            stages.push(stage);
            continue;
        }
        let mut first = 0;
        while first < stage.groups {
            let end = last_that_fits(first, stage.groups, |end| fits(first..end));
            if end == first {
                let (needed, name) = needed(first..first + 1);
                let what = format!("bytes that one workgroup needs in a binding of {}", plan.words(&stage, name));
                return Err(Error::TooLarge { what, needed, limit: most });
            }
            let of = values.of(&(first..end));
            let window = |binding: &Cuttable| Some((binding.name, plan.spans.of(binding.name, &of, &stage.block)?));
            let windows = bindings.iter().filter_map(window).collect();
            stages.push(Stage { windows, ..stage.slice(stage.block, first..end, stage.groups) });
            first = end;
        }
    }
    Ok(Plan { stages, ..plan })
}

/// The last end after `first` that fits, up to `most`, or `first` if none does.
fn last_that_fits(first: u64, most: u64, fits: impl Fn(u64) -> bool) -> u64 {
    let (mut good, mut bad) = (first, most + 1);
    while good + 1 < bad {
        let middle = good + (bad - good) / 2;
        if fits(middle) { good = middle } else { bad = middle }
    }
    good
}
