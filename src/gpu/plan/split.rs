//! Cuts dispatches into slices where operands are longer than a binding may be, or where the work would hold a GPU for
//! long. A slice binds a window of each tensor that it reads or writes. Its workgroups keep their indices in the whole
//! walk, so tallies lie where they would lie without slices, and all bits stay the same.
//!
//! A kernel adds a base to the index of each element. For a window that begins after the tensor's first element, the base
//! is negative, and wraps. A walk over tiles binds the rows of its block, and a walk over an item's channels binds some
//! of the items. `ranges` plans items that are too long for a binding. Anything else that one workgroup needs has to fit
//! a binding: a row that is scored with its label's logit, and the items whose classes are cut into chunks or sharded.
//! Otherwise the plan is refused, with the bytes that are needed and the limit.

use super::request::Request;
use super::stage::{Bound, Plan, Stage};
use crate::error::{Error, Result};
use crate::gpu::params::Block;
use crate::gpu::target::Target;
use crate::shape::DType;
use std::ops::Range;

/// The most bytes of an operand that one dispatch goes through: some 50 milliseconds of a GPU that copies 10 GB/s.
pub(super) const SLICE: u64 = 128 << 20;

/// The most bytes by which a bound window is longer than the elements that are needed. A window begins at a multiple of both
/// the alignment of bindings, 256 bytes, and the element's size, so at most 36 × 256 bytes early. It ends with a whole quad.
const AROUND: u64 = 36 * 256 + 16;

/// How many bytes of elements a binding has room for.
pub(super) fn room(request: &Request<'_>) -> u64 {
    room_of(request.target)
}

fn room_of(target: &Target) -> u64 {
    target.binding_limit.saturating_sub(AROUND)
}

/// The dtype of the tensor at a binding: [`Request::dtype`].
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

/// Cuts those stages of a plan that need it.
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
        // the most bytes that these workgroups read at a binding: fewer than the window's if it has gaps
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
        // without windows a stage binds whole items, even if its block is a range of their classes
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

/// The last end after `first` that fits, up to `most`, or `first` if no end fits.
fn last_that_fits(first: u64, most: u64, fits: impl Fn(u64) -> bool) -> u64 {
    let (mut good, mut bad) = (first, most + 1);
    while good + 1 < bad {
        let middle = good + (bad - good) / 2;
        if fits(middle) { good = middle } else { bad = middle }
    }
    good
}
