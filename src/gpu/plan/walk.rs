//! What the plan of a walk returns, and the sizes of the walk.

use super::scratch::Scratch;
use super::spans::Spans;
use super::stage::Stage;
use crate::error::{Error, Result};
use crate::gpu::params::Params;
use crate::shape::{Classes, Pictures};

/// A planned walk. [`plan`](super::plan) adds what all walks have: the dispatches that sum their tallies, dtypes, slices.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub sizes: Sizes,
    pub stages: Vec<Stage>,
    pub scratch: Vec<Scratch>,
    /// Which elements of each binding a value of the walk needs.
    pub spans: Spans,
}

/// The sizes of a walk, which its kernels read from parameters of the same names.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sizes {
    pub items: usize,
    pub per_item: usize,
    pub classes: usize,
    pub class_stride: usize,
    pub position_stride: usize,
    pub chunk: usize,
    pub chunks: usize,
    pub rounds: usize,
    pub columns: usize,
    pub window: usize,
    pub margin: usize,
    pub blank: usize,
    pub labels: usize,
    pub longest: usize,
    pub segments: usize,
    /// How many tallies the walk leaves, and the index of the first tally of its second stage, if it has one.
    pub tallies: usize,
    pub first_tally: usize,
    pub counted: Counted,
}

/// The count of a denominator before the gradients: how many values a workgroup counts, and how many tallies the count
/// leaves.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counted {
    pub chunk: usize,
    pub tallies: usize,
}

impl Sizes {
    /// The sizes of a walk over positions and their classes.
    pub fn of(classes: Classes) -> Sizes {
        let Classes { n, c, s, class_stride, position_stride, .. } = classes;
        Sizes { items: n, per_item: s, classes: c, class_stride, position_stride, ..Sizes::default() }
    }

    /// The sizes of a walk over pictures.
    pub fn of_pictures(pictures: Pictures) -> Sizes {
        Sizes { items: pictures.n, per_item: pictures.per_item(), classes: pictures.c, ..Sizes::default() }
    }

    /// Writes the sizes to the parameters. Refuses a number that does not fit 32 bits.
    pub fn write(self, params: &mut Params) -> Result<()> {
        for (what, number, field) in [
            ("items", self.items, &mut params.items),
            ("values of an item", self.per_item, &mut params.per_item),
            ("classes", self.classes, &mut params.classes),
            ("elements from class to class", self.class_stride, &mut params.class_stride),
            ("elements from position to position", self.position_stride, &mut params.position_stride),
            ("values of a chunk", self.chunk, &mut params.chunk),
            ("chunks", self.chunks, &mut params.chunks),
            ("rounds of a workgroup", self.rounds, &mut params.rounds),
            ("columns", self.columns, &mut params.columns),
            ("pixels of a window's side", self.window, &mut params.window),
            ("zeros around a picture", self.margin, &mut params.margin),
            ("the blank", self.blank, &mut params.blank),
            ("labels of all items", self.labels, &mut params.labels),
            ("labels of an item", self.longest, &mut params.longest),
            ("segments", self.segments, &mut params.segments),
            ("partial sums of all workgroups", self.tallies, &mut params.tallies),
            ("partial sums of the first stage", self.first_tally, &mut params.first_tally),
            ("values that a workgroup counts", self.counted.chunk, &mut params.count_chunk),
            ("partial counts", self.counted.tallies, &mut params.count_tallies),
        ] {
            *field = in_32_bits(what, number)?;
        }
        Ok(())
    }
}

/// Converts a number to 32 bits. Refuses a larger one, with `what` as its name in the error.
pub(super) fn in_32_bits(what: &str, number: usize) -> Result<u32> {
    let limit = u32::MAX.into();
    u32::try_from(number).map_err(|_| Error::TooLarge { what: what.into(), needed: number as u64, limit })
}

/// The most numbers that one workgroup sums.
const MOST_SUMMED: usize = 256 * 10_240;

/// Refuses more numbers than one workgroup sums.
pub(super) fn summable(what: &str, numbers: usize) -> Result<()> {
    if numbers <= MOST_SUMMED {
        return Ok(());
    }
    Err(Error::TooLarge { what: what.into(), needed: numbers as u64, limit: MOST_SUMMED as u64 })
}
