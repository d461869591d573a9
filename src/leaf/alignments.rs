//! Leaves that score how probable it is that an item's steps spell its labels.

/// A loss of sequences of labels, from the probability of all alignments of an item's labels with its steps.
pub trait Alignments {
    /// The class that spells nothing.
    fn blank(&self) -> usize;
    /// The loss of an item, and its derivative, from the log of that probability. It is −∞ where the steps are too few to spell the
    /// labels.
    fn score(&self, log_probability: f64) -> AlignmentScore;
}

/// The loss of an item, and its derivative.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AlignmentScore {
    /// The loss.
    pub loss: f64,
    /// Its derivative with respect to the log of the probability.
    pub d: f64,
}
