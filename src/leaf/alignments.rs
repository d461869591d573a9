//! Leaves that score how probable it is that an item's steps spell its labels.

/// A loss with a value for each item, from the total probability of all alignments of its labels with its steps.
pub trait Alignments {
    /// The class of the blank, which spells no label.
    fn blank(&self) -> usize;
    /// The loss of an item and its derivative, from the log of the total probability. This log is −∞ where the steps are
    /// too few to spell the labels.
    fn score(&self, log_probability: f64) -> AlignmentScore;
}

/// The loss of an item, and its derivative.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AlignmentScore {
    /// The loss.
    pub loss: f64,
    /// The derivative of the loss with respect to the log of the probability.
    pub d: f64,
}
