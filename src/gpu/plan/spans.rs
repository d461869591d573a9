//! Which elements of a binding each workgroup needs, so that a walk can be cut into slices.

use crate::gpu::params::Block;
use crate::shape::Classes;
use std::ops::Range;

/// Which values each workgroup of a dispatch goes through. Here a value is what [`Spans`] says: an element, a box, a position,
/// a pixel or a coordinate.
#[derive(Clone, Copy, Debug)]
pub(super) enum Values {
    /// Each workgroup has this many values.
    Each(u64),
    /// Each workgroup has a chunk of an item. An item has `per_item` values in `chunks` chunks; a chunk has `chunk` values.
    OfItems { per_item: usize, chunk: usize, chunks: usize },
    /// Each workgroup has a chunk of a single value: `chunks` workgroups share a value.
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
            // an item's last chunk may be shorter
            Values::OfItems { per_item, chunk, chunks } => {
                let item = (groups.end - 1) / chunks as u64;
                (begin(groups.end - 1) + chunk as u64).min((item + 1) * per_item as u64)
            }
            Values::Each(_) => begin(groups.end),
        };
        begin(groups.start)..end
    }

    /// How many of `elements` these workgroups read, when several workgroups share a value.
    pub(super) fn read_by(self, elements: u64, groups: &Range<u64>) -> u64 {
        let Values::Shared { chunks } = self else { return elements };
        let of = self.of(groups);
        (elements / ((of.end - of.start) * chunks as u64)).max(1) * (groups.end - groups.start)
    }
}

/// Which elements of each binding a value of the walk needs.
#[derive(Clone, Debug, Default)]
pub(super) enum Spans {
    /// Every binding is bound whole.
    #[default]
    Whole,
    /// Values are elements, or boxes. `components` says how many elements of each operand a value has: 0 if the operand is
    /// bound whole, [`PER_ROW`] if a row of `columns` values has one. `broadcast` are the bindings of weights that are
    /// broadcast, and so bound whole. `by_item` says whether losses, upstream gradients and sample weights belong to items.
    Elements { components: [u64; 4], columns: u64, by_item: bool, broadcast: Vec<&'static str> },
    /// Values are positions.
    Classes(Classes),
    /// Values are positions, and a dispatch goes through the classes `other_first..other_end` of its block only.
    /// `lanes` lanes share a position.
    Ranges { classes: Classes, lanes: u64 },
    /// As `Ranges`, for regions: losses do not belong to positions, and are bound whole. A mask has a number for each element
    /// if `masks_elements`, otherwise for each position.
    Regions { classes: Classes, masks_elements: bool },
    /// Values are pixels, which are read with their neighbours: up to `reach` elements before and after.
    Neighbours { reach: u64 },
    /// Values are the coordinates of rows. A row has `width` of them.
    Rows { width: u64 },
}

/// In `components` of [`Spans::Elements`]: the operand has one element for each row.
pub(super) const PER_ROW: u64 = u64::MAX;

impl Spans {
    /// The elements of a binding that these values need in a block, or `None` if the binding is bound whole.
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
            (Spans::Elements { broadcast, .. }, ..) if broadcast.contains(&name) => None,
            (Spans::Elements { by_item: false, .. }, _, "upstream" | "losses") => times(1),
            (Spans::Elements { by_item: false, .. }, _, "sample_weight" | "value_factors" | "value_factors_out") => {
                times(1)
            }
            (Spans::Elements { .. }, _, "weight" | "mask") => times(1),
            (Spans::Classes(classes), ..) if component == Some(0) || name == "dense" => {
                Some(of_classes(classes, values, 0..classes.c as u64))
            }
            (Spans::Ranges { classes, .. } | Spans::Regions { classes, .. }, ..)
                if component == Some(0) || name == "dense" || self.masks_elements(name) =>
            {
                Some(of_classes(classes, values, block.other_first.into()..block.other_end.into()))
            }
            (Spans::Ranges { lanes, .. }, _, "position_states") => times(*lanes),
            (Spans::Classes(_) | Spans::Ranges { .. }, _, "mask" | "upstream" | "losses" | "labels") => times(1),
            (Spans::Classes(_) | Spans::Ranges { .. }, _, "sample_weight" | "value_factors" | "value_factors_out") => {
                times(1)
            }
            (Spans::Classes(_) | Spans::Ranges { .. }, _, "observed_positions" | "predicted" | "log_prob") => times(1),
            (
                Spans::Regions { .. },
                _,
                "labels"
                | "softmaxes"
                | "fused_states"
                | "ranged_softmaxes"
                | "ranged_fused_states"
                | "mask"
                | "sample_weight"
                | "value_factors"
                | "value_factors_out",
            ) => times(1),
            // two elements hold four positions
            (Spans::Regions { .. }, _, "softmax_quads") => Some(values.start / 4 * 2..values.end.div_ceil(4) * 2),
            (Spans::Neighbours { reach }, _, "x0") => Some(values.start.saturating_sub(*reach)..values.end + reach),
            (Spans::Neighbours { .. }, _, "dx0") => times(1),
            (Spans::Rows { .. }, Some(_), _) => times(1),
            (
                Spans::Rows { width },
                _,
                "row" | "weight" | "mask" | "upstream" | "losses" | "sample_weight" | "value_factors"
                | "value_factors_out",
            ) => Some(values.start / width..values.end.div_ceil(*width)),
            _ => None,
        }
    }
}

impl Spans {
    /// Whether a binding is a mask of the elements of regions.
    fn masks_elements(&self, name: &str) -> bool {
        name == "mask" && matches!(self, Spans::Regions { masks_elements: true, .. })
    }

    /// The block, but with all classes if the walk goes through classes range by range.
    pub(super) fn whole(&self, block: &Block) -> Block {
        match self {
            Spans::Ranges { classes, .. } | Spans::Regions { classes, .. } => {
                Block { other_first: 0, other_end: u32::try_from(classes.c).unwrap_or(u32::MAX), ..*block }
            }
            _ => *block,
        }
    }

    /// How many elements of a binding these values have in a block. The range of [`of`](Self::of) may also hold others.
    pub(super) fn elements(&self, name: &str, values: &Range<u64>, block: &Block) -> u64 {
        let classes = match (self, name) {
            (Spans::Classes(classes), "x0" | "dx0" | "dense") => classes.c as u64,
            (Spans::Ranges { .. } | Spans::Regions { .. }, "x0" | "dx0" | "dense") => {
                u64::from(block.other_end - block.other_first)
            }
            (_, name) if self.masks_elements(name) => u64::from(block.other_end - block.other_first),
            _ => return self.of(name, values, block).map_or(0, |span| span.end - span.start),
        };
        (values.end - values.start) * classes
    }
}

/// The range that holds the classes `of` of these positions.
fn of_classes(classes: &Classes, positions: &Range<u64>, of: Range<u64>) -> Range<u64> {
    let (c, s) = (classes.c as u64, classes.s as u64);
    let (class_stride, position_stride) = (classes.class_stride as u64, classes.position_stride as u64);
    let last = positions.end.min(classes.positions() as u64).max(positions.start + 1) - 1;
    let first_of = |position: u64| (position / s) * c * s + (position % s) * position_stride + of.start * class_stride;
    let reach = (of.end - of.start - 1) * class_stride + 1;
    // positions of several items need these items whole
    match class_stride > 1 && positions.start / s != last / s {
        true => (positions.start / s) * c * s..(last / s + 1) * c * s,
        false => first_of(positions.start)..first_of(last) + reach,
    }
}
