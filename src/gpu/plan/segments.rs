//! Plans the scores of pairs of segments. They come between the softmaxes of a linear layer's rows and the rows'
//! gradients: the log-probability of each row, its sum over each segment, the loss of each pair, and the slope of each
//! segment, which is the upstream gradient of the segment's rows.

use super::options::overrides;
use super::request::Request;
use super::scratch::Scratch;
use super::slots::slots;
use super::stage::Stage;
use super::tiles::MOST_DISPATCHES;
use super::walk::Sizes;
use crate::error::{Error, Result};
use crate::gpu::choices::Choices;
use crate::gpu::link::Slots;
use crate::gpu::params::Block;
use crate::gpu::shaders::operand::{mask, upstream};
use crate::gpu::shaders::{choice, geometry, slot};
use crate::leaf::Segments;

/// The rows or pairs of a workgroup, and the lanes that share a segment.
const LANES: usize = 256;
/// The most iterations of a lane that goes through all rows.
const LONGEST: usize = 10_240;
/// The most rows that the workgroups of a dispatch read in total, where each workgroup reads all rows: some 50
/// milliseconds of a small GPU.
const MOST_READ: usize = 1 << 24;

/// The segments that the rows of a linear layer make up.
pub(super) struct Segmented {
    rows: usize,
    segments: usize,
    averages: bool,
}

impl Segmented {
    /// The segments of `rows` rows. Refuses sizes for which a loop would be too long, or dispatches too many.
    pub fn new(rows: usize, segments: usize, leaf: &dyn Segments) -> Result<Segmented> {
        let segmented = Segmented { rows, segments, averages: leaf.averages() };
        for (what, needed, limit) in [
            ("rows of all segments", rows as u64, (LANES * LONGEST) as u64),
            ("dispatches of all segments", segments.div_ceil(segmented.at_once()) as u64, MOST_DISPATCHES),
        ] {
            if needed > limit {
                return Err(Error::TooLarge { what: what.into(), needed, limit });
            }
        }
        Ok(segmented)
    }

    /// How many tallies pairs leave. They lie before the tallies of rows.
    pub fn tallies(&self) -> usize {
        (self.segments / 2).div_ceil(LANES)
    }

    /// The sizes of the rows' walk, with those of the segments.
    pub fn sizes(&self, of_rows: Sizes) -> Sizes {
        Sizes { segments: self.segments, first_tally: self.tallies(), ..of_rows }
    }

    /// The scratch memory of the stages.
    pub fn scratch(&self) -> [Scratch; 2] {
        [Scratch::new("segment_rows", self.rows as u64), Scratch::new("segment_scores", self.segments as u64)]
    }

    /// How many segments a dispatch sums the rows of.
    fn at_once(&self) -> usize {
        (MOST_READ / self.rows.max(1)).max(1)
    }

    /// The dispatches from the states of all rows to the losses of all pairs. `of_rows` fills the slots of kernels over rows.
    pub fn stages(&self, request: &Request<'_>, of_rows: &Slots) -> Vec<Stage> {
        let groups = |count: usize| count.div_ceil(LANES) as u64;
        let rows = Stage::new(geometry::SEGMENTS_ROWS, of_rows.clone(), Choices::default(), groups(self.rows));
        let choices = Choices::default().flag(choice::AVERAGES, self.averages);
        let sum = Stage::new(geometry::SEGMENTS_SUM, slots(request), choices, 0).looping(self.rows.div_ceil(LANES));
        let slice = |first: usize| {
            let end = (first + self.at_once()).min(self.segments);
            sum.slice(Block::default(), first as u64..end as u64, self.segments as u64)
        };
        let sums = (0..self.segments).step_by(self.at_once()).map(slice);
        let choices = overrides(request.loss());
        let score = Stage::new(geometry::SEGMENTS_SCORE, slots(request), choices, groups(self.segments / 2));
        [rows].into_iter().chain(sums).chain([score]).filter(|stage| stage.groups > 0).collect()
    }

    /// The slots of the kernel that records what the gradients of rows need.
    pub fn of_records(&self, of_rows: &Slots) -> Slots {
        of_rows.with(slot::MASK, mask::SEGMENTS).with(slot::UPSTREAM, upstream::SEGMENTS)
    }
}
