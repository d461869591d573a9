//! The logistic loss of two classes.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{sigmoid, softplus};
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Soft margin loss: `log(1 + exp(−t·x))` for each element.
    ///
    /// `input` holds floats, and `target` floats or integers of its shape, 1 or −1. With the reduction `none` the
    /// result has the shape of `input`. [`Extra::Mask`], of this shape, leaves out each value where it is 0. Gradients:
    /// `input`.
    ///
    /// The loss is computed as `softplus(−t·x)`, which neither overflows nor loses small values.
    ///
    /// Reference: `torch.nn.functional.soft_margin_loss`. See also: [`BceWithLogits`](crate::BceWithLogits), which is
    /// this loss for targets of 1 and 0; [`HingeEmbedding`](crate::HingeEmbedding).
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, Reduction, SoftMargin, cpu};
    /// let input = Array::new(&[0.0f32, 1000.0], [2])?;
    /// let target = Array::new(&[1.0f32, -1.0], [2])?;
    /// // log 2 on the border, and about −t·x on the wrong side
    /// let loss = SoftMargin::default().of(&input, &target).reduce(Reduction::Sum);
    /// assert!((cpu::value(&loss)?.loss()? - (2f64.ln() + 1000.0)).abs() < 1e-9);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct SoftMargin of (input, target) as Pointwise {}
}

static HEADER: Header = Header {
    id: "soft_margin",
    title: "logistic loss of two classes",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Element).holding(Domain::Sign).or_integers(),
        OperandSpec::SAMPLE_WEIGHT,
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
