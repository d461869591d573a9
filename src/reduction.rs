//! How the values of a loss become one.

use crate::options::choice;

choice! {
    /// How the values of a loss become one.
    pub enum Reduction {
        /// The sum over what takes part, divided by its count or by its weights, as each loss says. Over nothing it is NaN.
        Mean = "mean",
        /// The sum.
        Sum = "sum",
        /// No reduction: the loss is a tensor.
        None = "none",
        /// The sum divided by the size of the batch, axis 0; only where a loss says so.
        BatchMean = "batch_mean",
    }
}

impl Reduction {
    /// The reductions of every loss, but for sums of losses whose values differ in kind: these have no `none`.
    pub const VALUES: &[Reduction] = &[Reduction::Mean, Reduction::Sum, Reduction::None];
    /// The same, and the mean over the batch.
    pub const BATCHED: &[Reduction] = &[Reduction::Mean, Reduction::Sum, Reduction::None, Reduction::BatchMean];
}
