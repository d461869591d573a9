//! Leaves that give a value for each position, from a softmax over its classes.

use crate::options::choice;

/// A loss of a softmax over the classes of a position.
pub trait Softmax {
    /// The label of positions that take no part.
    fn ignore_index(&self) -> i32;

    /// The share of a class in the loss: the factor of its `weight·(−log p)` in [`SoftmaxStatistics::spread`]. `q` is the
    /// target probability of the class, and the second argument is the number of classes.
    ///
    /// Where the target is labels, `q` is 0 for every class, and the leaf itself adds the loss of the label.
    fn share(&self, q: f64, _classes: usize) -> f64 {
        q
    }

    /// Whether every class has a share where the target is labels, as under label smoothing. If not, kernels skip the sum
    /// over shares.
    fn spreads(&self) -> bool {
        false
    }

    /// Whether a masked class, whose logit is −∞, has no share where the target is labels. [`share`](Self::share) then
    /// gets the number of classes that are not masked.
    fn spares_masked(&self) -> bool {
        false
    }

    /// The name of the loss's second sum, if it has one under these options. A mean divides this sum by the number of
    /// positions, without class weights.
    fn extra(&self) -> Option<&'static str> {
        None
    }

    /// The bound c of a soft cap: `c·tanh(x/c)` replaces each logit x before all else. `None` for no cap. It has to be
    /// the value of the loss's option `softcap`, which kernels read.
    fn cap(&self) -> Option<f64> {
        None
    }

    /// The factor s of a linear layer whose logits are s times cosines: its rows and classes are divided by their norms
    /// before they are multiplied. `None` for other losses. A loss of cosines has neither a bias nor a cap.
    fn cosines(&self) -> Option<f64> {
        None
    }

    /// Returns the number that replaces the cosine of a row and its label's class, and the derivative of that number with
    /// respect to the cosine. The sine of the angle is given too, since a cosine near 1 has too few digits to compute it
    /// from.
    fn margin(&self, cosine: f64, _sine: f64) -> [f64; 2] {
        [cosine, 1.0]
    }

    /// The loss of a position and its derivatives.
    fn score(&self, position: &SoftmaxStatistics) -> SoftmaxScore;
}

choice! {
    /// The classes that label smoothing spreads a share of the target over.
    pub enum SmoothOver {
        /// All classes. A masked class, whose logit is −∞, then makes the loss infinite.
        All = "all",
        /// The classes that are not masked. There are K of them in a row, and each gets ε/K.
        Finite = "finite",
    }
}

/// Statistics of the softmax over a position's classes, from which the leaf scores the position. Each number is computed
/// in a form that avoids cancellation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SoftmaxStatistics {
    /// `−log p` of the label's class; 0 where the target is probabilities.
    pub nll: f64,
    /// `1 − p` of the label's class; 0 where the target is probabilities.
    pub miss: f64,
    /// The weight of the label's class; 0 where the target is probabilities.
    pub weight: f64,
    /// `Σ share·weight·(−log p)` over the classes.
    pub spread: f64,
    /// The log of the sum of the logits' exponentials.
    pub lse: f64,
}

/// The loss of a position, as two summands that a mean may divide differently; and its derivatives.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SoftmaxScore {
    /// The loss.
    pub loss: f64,
    /// Its derivative with respect to `−log p` of the label's class.
    pub d_nll: f64,
    /// A second summand. A mean divides its sum by the number of positions, without class weights.
    pub extra: f64,
    /// The derivative of `extra` with respect to `lse`.
    pub d_lse: f64,
}
