//! The logistic loss of two classes.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{sigmoid, softplus};
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

crate::loss! {
    /// Soft margin loss: `log(1 + exp(−t·x))` for each element.
    ///
    /// `input` and `target` have one shape; targets are 1 and −1. An [`Extra::Mask`] leaves out what it is zero for.
    ///
    /// It is `softplus(−t·x)`, which neither overflows nor loses small values.
    ///
    /// Reference: `torch.nn.functional.soft_margin_loss`. Neighbours: [`BceWithLogits`](crate::BceWithLogits), the same
    /// for targets of 0 and 1; [`HingeEmbedding`](crate::HingeEmbedding).
    ///
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct SoftMargin of (input, target) as Pointwise {}
}

static HEADER: Header = Header {
    id: "soft_margin",
    title: "logistic loss of two classes",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Element).holding(Domain::Sign),
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/soft_margin"),
    default: || Box::new(SoftMargin::default()),
};

impl Pointwise for SoftMargin {
    fn score(&self, [x, t, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        ElementScore { loss: softplus(-t * x), d: [-t * sigmoid(-t * x), 0.0, 0.0, 0.0] }
    }
}
