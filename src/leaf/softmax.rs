//! Leaves that give a value for each position, from a softmax over its classes.

/// A loss of a softmax over the classes of a position.
pub trait Softmax {
    /// The label that takes no part.
    fn ignore_index(&self) -> i32;

    /// The share of the loss's weight that a class has whose target probability is `q`, among `classes`; for label
    /// targets every class is asked about with `q` = 0 and the target's own part is the leaf's.
    fn share(&self, q: f64, _classes: usize) -> f64 {
        q
    }

    /// Whether label targets give every class a share: without one, that part of the walk is left out.
    fn spreads(&self) -> bool {
        false
    }

    /// The name of the part that a mean divides by the count of positions, where these options have one.
    fn extra(&self) -> Option<&'static str> {
        None
    }

    /// The loss of a position and its derivatives.
    fn score(&self, position: &SoftmaxStatistics) -> SoftmaxScore;
}

/// What a softmax loss sees of a position, in a form that does not cancel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SoftmaxStatistics {
    /// −log p of the target; 0 where the target is probabilities.
    pub nll: f64,
    /// 1 − p of the target.
    pub miss: f64,
    /// The weight of the target's class; 0 where the target is probabilities.
    pub weight: f64,
    /// Σ share·weight·(−log p) over the classes.
    pub spread: f64,
    /// The log of the sum of the exponentials.
    pub lse: f64,
}

/// The loss of a position, in two parts that a mean may divide differently, and its derivatives.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SoftmaxScore {
    /// The loss.
    pub loss: f64,
    /// Its derivative with respect to −log p of the target.
    pub d_nll: f64,
    /// The part that a mean divides by the count of positions, whatever their weights.
    pub extra: f64,
    /// The derivative of that part with respect to `lse`.
    pub d_lse: f64,
}
