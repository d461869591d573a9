//! Leaves that give a value for each position, from a softmax over its classes.

use crate::options::choice;

/// A loss of a softmax over the classes of a position.
pub trait Softmax {
    /// The label of positions that take no part.
    fn ignore_index(&self) -> i32;

    /// The share of the loss that a class has, where its target probability is `q` and there are `classes` of them.
    ///
    /// Where the target is labels, `q` is 0 for every class, and the leaf itself adds the loss of the label.
    fn share(&self, q: f64, _classes: usize) -> f64 {
        q
    }

    /// Whether every class has a share where the target is labels. If not, kernels leave the sum of shares out.
    fn spreads(&self) -> bool {
        false
    }

    /// Whether a masked class, whose logit is −∞, has no share where the target is labels. [`share`](Self::share) is then told the
    /// number of the other classes.
    fn spares_masked(&self) -> bool {
        false
    }

    /// The name of the loss's second sum, which a mean divides by the count of positions whatever their weights, where these
    /// options have one.
    fn extra(&self) -> Option<&'static str> {
        None
    }

    /// The bound c of a soft cap, `c·tanh(x/c)`, that logits go through before all else, if they do. It has to be the value of
    /// the loss's option `softcap`, which kernels read.
    fn cap(&self) -> Option<f64> {
        None
    }

    /// The factor s of cosines, where a linear layer's rows and classes are divided by their norms, so that their products are
    /// cosines, and the logits s times these. Such a loss has neither a bias nor a cap.
    fn cosines(&self) -> Option<f64> {
        None
    }

    /// The number that stands for the cosine of a row and its label's class, and its derivative with respect to the cosine. The
    /// sine of their angle comes with it, since a cosine near 1 has lost its digits.
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

/// Statistics of the softmax over a position's classes, from which the leaf scores the position. Each number is computed in a form that keeps its digits.
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
    /// A second summand, which a mean divides by the count of positions whatever their weights.
    pub extra: f64,
    /// The derivative of `extra` with respect to `lse`.
    pub d_lse: f64,
}
