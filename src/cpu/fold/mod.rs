//! What the classes of a position come to: the folds, mirroring `shaders/fold`.

mod class_sum;
mod divergence;
mod softmax;

use crate::leaf::Leaf;

/// The classes of a position that takes part.
pub(super) struct Row {
    /// The predictions.
    pub x: Vec<f64>,
    /// The floats that a dense target has for them.
    pub dense: Option<Vec<f64>>,
    pub label: Option<usize>,
    /// The weights of the classes.
    pub weight: Vec<f64>,
}

/// A position's loss in two parts that a mean may divide differently, and the derivatives of each by class.
pub(super) struct Scored {
    pub loss: f64,
    pub extra: f64,
    pub d: Vec<f64>,
    pub d_extra: Vec<f64>,
}

impl Scored {
    /// A loss without an extra part.
    fn plain(loss: f64, d: Vec<f64>) -> Scored {
        Scored { loss, extra: 0.0, d_extra: vec![0.0; d.len()], d }
    }
}

/// Folds a row's classes, and scores it.
pub(super) fn score(leaf: Leaf<'_>, row: &Row) -> Scored {
    match leaf {
        Leaf::Softmax(leaf) => softmax::score(leaf, row),
        Leaf::ClassSum(leaf) => class_sum::score(leaf, row),
        Leaf::Divergence(leaf) => divergence::score(leaf, row),
        _ => unreachable!("the checks choose the walk by the leaf"),
    }
}

/// The logits less the greatest, and the sum of the exponentials of all others; NaN where the row has no softmax.
struct Peaked {
    below: Vec<f64>,
    max: f64,
    rest: f64,
}

impl Peaked {
    fn new(x: &[f64]) -> Peaked {
        let top = (0..x.len()).max_by(|&a, &b| x[a].total_cmp(&x[b])).unwrap_or(0);
        let nan = x.iter().any(|x| x.is_nan());
        // with +∞ or nothing but −∞ the row has no softmax
        let max = if nan || x[top].is_infinite() { f64::NAN } else { x[top] };
        let rest = (0..x.len()).filter(|&k| k != top).map(|k| (x[k] - max).exp()).sum();
        Peaked { below: x.iter().map(|x| x - max).collect(), max, rest }
    }

    fn total(&self) -> f64 {
        1.0 + self.rest
    }

    /// The probability of a class.
    fn p(&self, k: usize) -> f64 {
        self.below[k].exp() / self.total()
    }

    /// −log of the probability of a class.
    fn surprise(&self, k: usize) -> f64 {
        -self.below[k] + self.rest.ln_1p()
    }
}
