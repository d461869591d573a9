//! Cross-entropy of independent binary questions, from probabilities.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

crate::loss! {
    /// Binary cross-entropy of probabilities: `−w·(t·log x + (1 − t)·log(1 − x))` for each element.
    ///
    /// `input` and `target` hold numbers from 0 to 1, of one shape. [`Extra::Weight`] has their shape; as in PyTorch a
    /// mean divides by the number of elements, whatever their weights. An [`Extra::Mask`] leaves out what it is zero for.
    ///
    /// As in PyTorch the logs are no less than −100, so that a probability of 0 costs 100, and the gradient is `(x − t) /
    /// max(x·(1 − x), 1e-12)`. A prediction outside `[0, 1]` gives NaN.
    ///
    /// Reference: `torch.nn.functional.binary_cross_entropy`. Neighbours: [`BceWithLogits`](crate::BceWithLogits), which
    /// is exact where probabilities round to 0 and 1: prefer it where you have logits.
    ///
    /// [`Extra::Weight`]: crate::Extra::Weight
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct Bce of (input, target) as Pointwise {}
}

static HEADER: Header = Header {
    id: "bce",
    title: "cross-entropy of independent probabilities",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable().holding(Domain::Probability),
        OperandSpec::new("target", Role::Element).holding(Domain::Probability),
        OperandSpec::WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/bce"),
    default: || Box::new(Bce::default()),
};

impl Pointwise for Bce {
    fn score(&self, [x, t, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        if !(0.0..=1.0).contains(&x) {
            return ElementScore { loss: f64::NAN, d: [f64::NAN; 4] };
        }
        let (log_x, log_rest) = (x.ln().max(-100.0), (-x).ln_1p().max(-100.0));
        ElementScore {
            loss: -(t * log_x + (1.0 - t) * log_rest),
            d: [(x - t) / (x * (1.0 - x)).max(1e-12), 0.0, 0.0, 0.0],
        }
    }
}
