//! Leaves that score pairs of segments. A segment is a sequence of a linear layer's rows, scored by the log-probability
//! of its labels.

use super::{ElementScore, Softmax, SoftmaxScore, SoftmaxStatistics};

/// A loss of pairs of segments. The log-probability of a segment is the sum over its rows of `log p` of each row's label.
pub trait Segments {
    /// The label of rows that take no part.
    fn ignore_index(&self) -> i32;

    /// The bound c of a soft cap: `c·tanh(x/c)` replaces each logit x before all else. `None` for no cap. It has to be
    /// the value of the loss's option `softcap`, which kernels read.
    fn cap(&self) -> Option<f64> {
        None
    }

    /// Whether the log-probability of a segment is the mean over its rows instead of their sum. A segment without rows has 0.
    fn averages(&self) -> bool {
        false
    }

    /// The loss of a pair and its derivatives, from the log-ratios of its two segments: the log-probability of each less its
    /// reference. In WGSL it is the `element_score` of a pointwise leaf, whose first two numbers are the log-ratios.
    fn score(&self, log_ratios: [f64; 2]) -> ElementScore;
}

/// The leaf of a single row of a segment: its loss is `−log p` of the row's label. `shaders/geometry/row_nll` is the same
/// leaf.
pub(crate) struct RowNll {
    ignore_index: i32,
    cap: Option<f64>,
}

impl RowNll {
    pub fn of(leaf: &dyn Segments) -> RowNll {
        RowNll { ignore_index: leaf.ignore_index(), cap: leaf.cap() }
    }
}

impl Softmax for RowNll {
    fn ignore_index(&self) -> i32 {
        self.ignore_index
    }
    fn cap(&self) -> Option<f64> {
        self.cap
    }
    fn score(&self, s: &SoftmaxStatistics) -> SoftmaxScore {
        SoftmaxScore { loss: s.nll, d_nll: 1.0, ..Default::default() }
    }
}
