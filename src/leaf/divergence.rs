//! Leaves that give a value for each position, from the divergence of a student's softmax from a teacher's.

/// A loss of two softmaxes over the classes of a position.
pub trait Divergence {
    /// The divisor of both softmaxes' logits.
    fn temperature(&self) -> f64;
    /// The loss and its derivative, from `divergence = T²·KL(teacher ‖ student)`. The factor T² keeps the gradient's size
    /// about the same at every temperature.
    fn score(&self, divergence: f64) -> DivergenceScore;
}

/// The loss of a position, and its derivative with respect to the divergence.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DivergenceScore {
    /// The loss.
    pub loss: f64,
    /// Its derivative.
    pub d: f64,
}
