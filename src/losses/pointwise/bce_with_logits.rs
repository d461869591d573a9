//! Cross-entropy of independent binary questions, from logits.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{sigmoid_balance, softplus};
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

crate::loss! {
    /// Binary cross-entropy of logits: `−w·(pw·t·log σ(x) + (1 − t)·log σ(−x))` for each element.
    ///
    /// `input` holds logits, `target` numbers from 0 to 1, of one shape. [`Extra::Weight`] has the input's shape;
    /// [`Extra::PosWeight`] is a weight of the positive answers for each element of the last axis, `[C]`: the ratio of
    /// negatives to positives, say. As in PyTorch a mean divides by the number of elements, whatever their weights. An
    /// [`Extra::Mask`] leaves out what it is zero for.
    ///
    /// The logs are `−softplus(∓x)`, which neither overflows nor rounds to 0: at a logit of −30 the loss of a negative
    /// keeps its digits.
    ///
    /// Reference: `torch.nn.functional.binary_cross_entropy_with_logits`. Neighbours: [`Bce`](crate::Bce) of
    /// probabilities; [`SigmoidFocal`](crate::SigmoidFocal); [`MultilabelSoftMargin`](crate::MultilabelSoftMargin).
    ///
    /// [`Extra::Weight`]: crate::Extra::Weight
    /// [`Extra::Mask`]: crate::Extra::Mask
    /// [`Extra::PosWeight`]: crate::Extra::PosWeight
    pub struct BceWithLogits of (input, target) as Pointwise {}
}

static HEADER: Header = Header {
    id: "bce_with_logits",
    title: "cross-entropy of independent binary questions",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Element).holding(Domain::Probability),
        OperandSpec::new("pos_weight", Role::Column).or(1.0).holding(Domain::Positive),
        OperandSpec::WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/bce_with_logits"),
    default: || Box::new(BceWithLogits::default()),
};

impl Pointwise for BceWithLogits {
    fn score(&self, [x, t, positive, _]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        ElementScore {
            loss: positive * t * softplus(-x) + (1.0 - t) * softplus(x),
            d: [sigmoid_balance(1.0 - t, positive * t, x), 0.0, 0.0, 0.0],
        }
    }
}
