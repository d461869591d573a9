//! Leaves that give a value for each position, from the divergence of a student's softmax from a teacher's.

/// A loss of two softmaxes over the classes of a position.
pub trait Divergence {
    /// What the logits of both are divided by.
    fn temperature(&self) -> f64;
    /// The loss and its derivative, of `T²·KL(teacher ‖ student)`: the square of the temperature keeps it, and its gradient, of
    /// one size whatever the temperature.
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
