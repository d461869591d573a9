//! The focal loss of targets that are qualities between 0 and 1.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{sigmoid_balance, sigmoids, softplus};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Quality focal loss: `|t − p|^β·bce(x, t)` for each element, with `p = σ(x)` and
    /// `bce = −t·log p − (1 − t)·log(1 − p)`.
    ///
    /// `input` holds logits and `target` qualities from 0 to 1, floats or integers, of one shape; in detection, the IoU
    /// of a box at the class of its object, and 0 at other classes. With the reduction `none` the result has the shape
    /// of `input`. [`Extra::Mask`], of this shape, leaves out each value where it is 0. Gradients: `input`.
    ///
    /// `t − p` is computed as `t·σ(−x) − (1 − t)·σ(x)`, so that the difference keeps its digits where t and p are both
    /// near 0 or 1. Where `t − p` is 0, the gradient is 0, even for a β below 1. An infinite logit gives NaN.
    ///
    /// Paper: Li et al., "Generalized Focal Loss", 2020, which recommends β = 2. See also:
    /// [`SigmoidFocal`](crate::SigmoidFocal), for targets of 0 and 1; [`Varifocal`](crate::Varifocal).
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, QualityFocal, cpu};
    /// let (input, target) = (Array::new(&[0.0f32], [1])?, Array::new(&[0.75f32], [1])?);
    /// // (¾ − ½)²·log 2
    /// let loss = cpu::value(&QualityFocal::default().of(&input, &target))?.loss()?;
    /// assert!((loss - 0.0625 * 2f64.ln()).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct QualityFocal of (input, target) as Pointwise {
        /// The focusing power β. A higher β lowers the weight of elements that are already predicted well; at 0 all
        /// elements have the same weight.
        pub beta: f32 = 2.0, Range::AtLeast(0.0);
    }
}

static HEADER: Header = Header {
    id: "quality_focal",
    title: "focal loss of qualities between 0 and 1",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Element).holding(Domain::Probability).or_integers(),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/quality_focal"),
    default: || Box::new(QualityFocal::default()),
};

impl Pointwise for QualityFocal {
    fn score(&self, [x, t, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        if x.is_infinite() {
            return ElementScore { loss: f64::NAN, d: [f64::NAN; 4] };
        }
        let ([p, q], beta) = (sigmoids(x), f64::from(self.beta));
        let bce = t * softplus(-x) + (1.0 - t) * softplus(x);
        // p − t, which is also the derivative of bce
        let d = sigmoid_balance(1.0 - t, t, x);
        let focus = d.abs().powf(beta);
        let d_focus = if d == 0.0 { 0.0 } else { beta * focus / d * p * q };
        ElementScore { loss: focus * bce, d: [d_focus * bce + focus * d, 0.0, 0.0, 0.0] }
    }
}
