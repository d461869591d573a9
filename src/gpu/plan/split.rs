//! Cuts dispatches whose operands are longer than a binding may be, or whose work would hold a GPU for long: each piece binds a
//! window of what it reads and writes. Workgroups keep their numbers, so that tallies, and with them all bits, stay the same.

use super::{Bound, ELEMENT_BYTES, Plan, Request, Stage};
use crate::error::{Error, Result};
use crate::gpu::params::Block;
use crate::shape::Classes;
use std::ops::Range;

/// The most bytes of an operand that one dispatch goes through: some 50 milliseconds where a copy makes 10 GB/s.
const SLICE: u64 = 128 << 20;

/// What a window may be longer than its elements: it begins where bindings may, and ends with a quad.
const AROUND: u64 = 4096;

/// Which values the workgroups of a dispatch go through.
#[derive(Clone, Copy, Debug)]
pub(super) enum Values {
    /// Each so many.
    Each(usize),
    /// A chunk of an item each: the values of an item, those of a chunk, and the chunks of an item.
    OfItems { per_item: usize, chunk: usize, chunks: usize },
    /// A chunk of a single value each.
    Shared { chunks: usize },
}

impl Values {
    /// The values of these workgroups.
    fn of(self, groups: &Range<u64>) -> Range<u64> {
        let begin = |group: u64| match self {
            Values::Each(values) => group * values as u64,
            Values::OfItems { per_item, chunk, chunks } => {
                (group / chunks as u64) * per_item as u64 + (group % chunks as u64) * chunk as u64
            }
            Values::Shared { chunks } => group / chunks as u64,
        };
        let end = match self {
            Values::Shared { .. } => begin(groups.end - 1) + 1,
            // the last chunk of an item ends with it
            Values::OfItems { per_item, chunk, chunks } => {
                let item = (groups.end - 1) / chunks as u64;
                (begin(groups.end - 1) + chunk as u64).min((item + 1) * per_item as u64)
            }
            Values::Each(_) => begin(groups.end),
        };
        begin(groups.start)..end
    }
}

/// Which elements of a binding belong to which values of the walk.
#[derive(Clone, Debug)]
pub(super) enum Spans {
    /// All that is bound is bound whole.
    Whole,
    /// Values are elements, or items of them; of each component, how many elements a value has, or 0 where it is looked up.
    Elements { components: [u64; 4], columns: u64, by_item: bool },
    /// Values are positions.
    Classes(Classes),
    /// Values are positions, whose losses are those of regions.
    Regions(Classes),
    /// Values are rows of so many elements.
    Rows { width: u64 },
}

/// Where a component has one number for each row.
pub(super) const PER_ROW: u64 = u64::MAX;

impl Spans {
    /// The elements of a binding that these values need; none where it is bound whole.
    fn of(&self, name: &str, values: &Range<u64>) -> Option<Range<u64>> {
        let times = |width: u64| Some(values.start * width..values.end * width);
        let component = name.strip_prefix('d').unwrap_or(name).strip_prefix('x').and_then(|k| k.parse::<usize>().ok());
        match (self, component, name) {
            (Spans::Whole, ..) => None,
            (Spans::Elements { components, columns, .. }, Some(k), _) => match components.get(k) {
                None | Some(0) => None,
                Some(&PER_ROW) => Some(values.start / columns..values.end.div_ceil(*columns)),
                Some(&width) => times(width),
            },
            (Spans::Elements { by_item: false, .. }, _, "upstream" | "losses") => times(1),
            (Spans::Elements { .. }, _, "weight" | "mask") => times(1),
            (Spans::Classes(classes) | Spans::Regions(classes), Some(0), _) => Some(of_classes(classes, values)),
            (Spans::Classes(classes) | Spans::Regions(classes), _, "dense") => Some(of_classes(classes, values)),
            (Spans::Classes(_), _, "mask" | "upstream" | "losses" | "labels") => times(1),
            (Spans::Regions(_), _, "labels" | "pixels" | "riders") => times(1),
            // two quads for four positions
            (Spans::Regions(_), _, "pixel_fours") => Some(values.start / 4 * 2..values.end.div_ceil(4) * 2),
            (Spans::Rows { width }, Some(_), _) => times(*width),
            (Spans::Rows { .. }, _, "row" | "weight" | "mask" | "upstream" | "losses") => times(1),
            _ => None,
        }
    }
}

/// The elements of all classes of these positions.
fn of_classes(classes: &Classes, positions: &Range<u64>) -> Range<u64> {
    let (c, s) = (classes.c as u64, classes.s as u64);
    let last = positions.end.min(classes.positions() as u64).max(positions.start + 1) - 1;
    let first_of = |position: u64| (position / s) * c * s + (position % s) * classes.position_stride as u64;
    let reach = (c - 1) * classes.class_stride as u64 + 1;
    // positions of several items reach from the first one's beginning to the last one's end
    match classes.class_stride > 1 && positions.start / s != last / s {
        true => (positions.start / s) * c * s..(last / s + 1) * c * s,
        false => first_of(positions.start)..first_of(last) + reach,
    }
}

/// Cuts the stages of a plan that need it.
pub(super) fn split(request: &Request<'_>, plan: &mut Plan) -> Result<()> {
    let room = request.binding_limit.min(SLICE).saturating_sub(AROUND);
    let mut stages = Vec::new();
    for stage in std::mem::take(&mut plan.stages) {
        match stage.values.filter(|values| !fits(request, plan, &stage, *values, &(0..stage.groups), room)) {
            None => stages.push(stage),
            Some(values) => pieces(request, plan, &stage, values, room, &mut stages)?,
        }
    }
    plan.stages = stages;
    Ok(())
}

fn pieces(
    request: &Request<'_>,
    plan: &Plan,
    stage: &Stage,
    values: Values,
    room: u64,
    stages: &mut Vec<Stage>,
) -> Result<()> {
    let mut first = 0;
    while first < stage.groups {
        let fits = |end: u64| fits(request, plan, stage, values, &(first..end), room);
        // the most workgroups that fit, of which one has to
        let (mut good, mut bad) = (first + 1, stage.groups + 1);
        if !fits(good) {
            let spans = bytes(request, plan, stage, values, &(first..good));
            let (name, needed) = spans.into_iter().max_by_key(|(_, bytes)| *bytes).unwrap_or_default();
            let what = format!("bytes of a binding that a workgroup needs of `{name}`");
            return Err(Error::TooLarge { what, needed, limit: room });
        }
        while good + 1 < bad {
            let middle = good + (bad - good) / 2;
            if fits(middle) { good = middle } else { bad = middle }
        }
        let of = values.of(&(first..good));
        let windows = stage.kernel.bindings().into_iter();
        let windows = windows.filter_map(|binding| Some((binding.name.clone(), plan.spans.of(&binding.name, &of)?)));
        let first_group = u32::try_from(first).unwrap_or(u32::MAX);
        stages.push(Stage {
            groups: good - first,
            block: Block { first_group, ..stage.block },
            windows: windows.collect(),
            ..stage.clone()
        });
        first = good;
    }
    Ok(())
}

/// Whether all that these workgroups need of each binding is no longer than so many bytes.
fn fits(request: &Request<'_>, plan: &Plan, stage: &Stage, values: Values, groups: &Range<u64>, room: u64) -> bool {
    bytes(request, plan, stage, values, groups).iter().all(|(_, bytes)| *bytes <= room)
}

/// The bytes that these workgroups need of each binding that need not be bound whole.
fn bytes(request: &Request<'_>, plan: &Plan, stage: &Stage, values: Values, groups: &Range<u64>) -> Vec<(String, u64)> {
    let of = values.of(groups);
    let needed = stage.kernel.bindings().into_iter().filter_map(|binding| {
        let span = plan.spans.of(&binding.name, &of)?;
        let size = match plan.bound(stage, &binding.name) {
            Bound::Scratch(name) => {
                ELEMENT_BYTES.iter().find(|(known, _)| *known == name).map_or(4, |(_, bytes)| *bytes)
            }
            bound => request.dtype(&bound).map_or(4, |dtype| dtype.size() as u64),
        };
        Some((binding.name, (span.end - span.start) * size))
    });
    needed.collect()
}
