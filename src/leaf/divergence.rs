//! Leaves that give a value for each position, from the divergence of a student's softmax from a teacher's.

/// A loss of two softmaxes over the classes of a position.
pub trait Divergence {
    /// The divisor of both softmaxes' logits.
    fn temperature(&self) -> f64;
    /// The share β of the teacher in a mixture `m = β·teacher + (1 − β)·student` that both are compared with. For 0 < β < 1
    /// the divergence is `β·KL(teacher ‖ m) + (1 − β)·KL(student ‖ m)`. For β = 1 it is `KL(student ‖ teacher)`; for β = 0,
    /// and without a mixture, it is `KL(teacher ‖ student)`. A leaf with a mixture has a second function in its shader,
    /// `divergence_mixture`, which returns β.
    fn mixture(&self) -> Option<f64> {
        None
    }
    /// The bound c of a soft cap: `c·tanh(x/c)` replaces each logit x of both before all else. `None` for no cap. It has
    /// to be the value of the loss's option `softcap`, which kernels read.
    fn cap(&self) -> Option<f64> {
        None
    }
    /// The loss and its derivative, from `divergence = T²·KL(teacher ‖ student)`, or T² times the divergence from a
    /// [`mixture`](Self::mixture). The factor T² keeps the gradient's size about the same at every temperature.
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
