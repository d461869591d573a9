//! How the values of a loss are reduced to one number.

use crate::options::choice;

choice! {
    /// How the values of a loss are reduced to one number.
    pub enum Reduction {
        /// The sum over the values that take part, divided by their count or by the sum of their weights, as each loss says.
        /// Where no value takes part, the mean is NaN, or 0 under [`empty_is_zero`](crate::Term::empty_is_zero).
        Mean = "mean",
        /// The sum.
        Sum = "sum",
        /// No reduction: the loss is a tensor.
        None = "none",
        /// The sum divided by the size of the batch, axis 0. Only some losses have it.
        BatchMean = "batch_mean",
        /// The mean over sequences, the rows of `[B, T]`, of each sequence's mean over its values that take part. A
        /// sequence without such values has the mean 0. Sample weights are factors of values, and count in neither mean.
        /// Only some losses have it.
        SequenceMean = "sequence_mean",
    }
}

impl Reduction {
    /// The reductions of most losses. A sum of losses whose values differ in kind has no `none`.
    pub const VALUES: &[Reduction] = &[Reduction::Mean, Reduction::Sum, Reduction::None];
    /// `VALUES`, and the mean over the batch.
    pub const BATCHED: &[Reduction] = &[Reduction::Mean, Reduction::Sum, Reduction::None, Reduction::BatchMean];
    /// `VALUES`, and the mean over sequences.
    pub const SEQUENCED: &[Reduction] = &[Reduction::Mean, Reduction::Sum, Reduction::None, Reduction::SequenceMean];
}
