//! Which elements of a binding belong to which workgroups: where a walk may be cut.

use crate::gpu::params::Block;
use crate::shape::Classes;
use std::ops::Range;

/// Which values the workgroups of a dispatch go through.
#[derive(Clone, Copy, Debug)]
pub(super) enum Values {
    /// Each so many.
    Each(u64),
    /// A chunk of an item each: the values of an item, those of a chunk, and the chunks of an item.
    OfItems { per_item: usize, chunk: usize, chunks: usize },
    /// A chunk of a single value each.
    Shared { chunks: usize },
}

impl Values {
    /// The values of these workgroups.
    pub(super) fn of(self, groups: &Range<u64>) -> Range<u64> {
        let begin = |group: u64| match self {
            Values::Each(values) => group * values,
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

    /// Of so many elements of these workgroups' values, how many they go through: others may have the same values.
    pub(super) fn part(self, elements: u64, groups: &Range<u64>) -> u64 {
        let Values::Shared { chunks } = self else { return elements };
        let of = self.of(groups);
        (elements / ((of.end - of.start) * chunks as u64)).max(1) * (groups.end - groups.start)
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
    /// Values are positions, of which a dispatch has some classes alone: the others of its block.
    /// So many lanes share each.
    Ranges { classes: Classes, lanes: u64 },
    /// The same of regions, whose losses are not those of positions.
    Regions(Classes),
    /// Values are the coordinates of rows of so many.
    Rows { width: u64 },
}

/// Where a component has one number for each row.
pub(super) const PER_ROW: u64 = u64::MAX;

impl Spans {
    /// The elements of a binding that these values of a block need; none where it is bound whole.
    pub(super) fn of(&self, name: &str, values: &Range<u64>, block: &Block) -> Option<Range<u64>> {
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
            (Spans::Classes(classes), ..) if component == Some(0) || name == "dense" => {
                Some(of_classes(classes, values, 0..classes.c as u64))
            }
            (Spans::Ranges { classes, .. } | Spans::Regions(classes), ..)
                if component == Some(0) || name == "dense" =>
            {
                Some(of_classes(classes, values, block.other_first.into()..block.other_end.into()))
            }
            (Spans::Ranges { lanes, .. }, _, "pixel_states") => times(*lanes),
            (Spans::Classes(_) | Spans::Ranges { .. }, _, "mask" | "upstream" | "losses" | "labels") => times(1),
            (Spans::Regions(_), _, "labels" | "pixels" | "riders" | "ranged_pixels" | "ranged_riders") => times(1),
            // two quads for four positions
            (Spans::Regions(_), _, "pixel_fours") => Some(values.start / 4 * 2..values.end.div_ceil(4) * 2),
            (Spans::Rows { .. }, Some(_), _) => times(1),
            (Spans::Rows { width }, _, "row" | "weight" | "mask" | "upstream" | "losses") => {
                Some(values.start / width..values.end.div_ceil(*width))
            }
            _ => None,
        }
    }
}

impl Spans {
    /// How many elements of a binding these values of a block have.
    pub(super) fn elements(&self, name: &str, values: &Range<u64>, block: &Block) -> u64 {
        let classes = match (self, name) {
            (Spans::Classes(classes), "x0" | "dx0" | "dense") => classes.c as u64,
            (Spans::Ranges { .. } | Spans::Regions(_), "x0" | "dx0" | "dense") => {
                u64::from(block.other_end - block.other_first)
            }
            _ => return self.of(name, values, block).map_or(0, |span| span.end - span.start),
        };
        (values.end - values.start) * classes
    }
}

/// The elements of these classes of these positions.
fn of_classes(classes: &Classes, positions: &Range<u64>, of: Range<u64>) -> Range<u64> {
    let (c, s) = (classes.c as u64, classes.s as u64);
    let (class_stride, position_stride) = (classes.class_stride as u64, classes.position_stride as u64);
    let last = positions.end.min(classes.positions() as u64).max(positions.start + 1) - 1;
    let first_of = |position: u64| (position / s) * c * s + (position % s) * position_stride + of.start * class_stride;
    let reach = (of.end - of.start - 1) * class_stride + 1;
    // positions of several items reach from the first one's beginning to the last one's end
    match class_stride > 1 && positions.start / s != last / s {
        true => (positions.start / s) * c * s..(last / s + 1) * c * s,
        false => first_of(positions.start)..first_of(last) + reach,
    }
}
