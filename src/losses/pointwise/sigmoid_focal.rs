//! The focal loss of independent binary targets.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{sigmoid, sigmoid_balance, softplus};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Sigmoid focal loss: `α_t·(1 − p_t)^γ·bce(x, t)` for each element, with `p = σ(x)` and
    /// `p_t = p·t + (1 − p)·(1 − t)`.
    ///
    /// `bce` is `−t·log p − (1 − t)·log(1 − p)`, and `α_t` is `α·t + (1 − α)·(1 − t)`. [`Extra::Alpha`] is an α for
    /// each class, `[C]` along the last axis, and replaces the option `alpha`. Label smoothing comes first: everywhere
    /// in the formula a target t counts as `(1 − ε)·t + ε/2`.
    ///
    /// `input` holds logits and `target` floats or integers, usually from 0 to 1, of one shape. With the reduction
    /// `none` the result has the shape of `input`. For targets outside `[0, 1]` the formula still holds; where
    /// `1 − p_t` is negative and γ not a whole number, loss and gradient are NaN. [`Extra::Mask`], of the input's
    /// shape, leaves out each value where it is 0. Gradients: `input`.
    ///
    /// The logs of `p` and `1 − p` are computed as `−softplus(∓x)`, and for targets of 0 and 1 the power as
    /// `exp(−γ·softplus(∓x))`, so that no number is rounded to 0 before its log or its power is taken. So loss and
    /// gradient are finite and accurate for every γ and every finite logit. On a GPU, the power for a whole γ up to 4
    /// is a product of factors `1 − p_t`. An infinite logit gives NaN, as in PyTorch.
    ///
    /// Paper: Lin et al., "Focal Loss for Dense Object Detection", 2017, which recommends α = 0.25 and γ = 2.
    /// Reference: `torchvision.ops.sigmoid_focal_loss`. See also: [`SoftmaxFocal`](crate::SoftmaxFocal), for classes
    /// that exclude each other.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, SigmoidFocal, cpu};
    /// let (input, target) = (Array::new(&[0.0f32], [1])?, Array::new(&[1.0f32], [1])?);
    /// // ¼·(1 − ½)²·log 2
    /// let loss = cpu::value(&SigmoidFocal::default().of(&input, &target))?.loss()?;
    /// assert!((loss - 0.25 * 0.25 * 2f64.ln()).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct SigmoidFocal of (input, target) as Pointwise {
        /// The focusing power γ. A higher γ lowers the weight of elements that are already predicted well; at 0 all
        /// elements have the same weight.
        pub gamma: f32 = 2.0, Range::AtLeast(0.0);
        /// The weight α of positive targets; negative targets have the weight 1 − α. `None` gives both the weight 1.
        pub alpha: Option<f32> = Some(0.25), Range::Within(0.0, 1.0);
        /// The share ε of label smoothing: a target t becomes `(1 − ε)·t + ε/2`.
        pub label_smoothing: f32 = 0.0, Range::Within(0.0, 1.0);
    }
}

/// The leaf's third number where the call gives no `alpha` operand.
const NOT_GIVEN: f32 = -1.0;

static HEADER: Header = Header {
    id: "sigmoid_focal",
    title: "focal loss of independent binary questions",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Element).holding(Domain::Binary).or_integers(),
        // without this operand the leaf takes the option `alpha`
        OperandSpec::new("alpha", Role::Column).or(NOT_GIVEN).holding(Domain::Probability),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/sigmoid_focal"),
    default: || Box::new(SigmoidFocal::default()),
};

impl Pointwise for SigmoidFocal {
    fn score(&self, [x, target, of_class, _]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let (gamma, smoothing) = (f64::from(self.gamma), f64::from(self.label_smoothing));
        let t = (1.0 - smoothing) * target + 0.5 * smoothing;
        if x.is_infinite() {
            return ElementScore { loss: f64::NAN, d: [f64::NAN; 4] };
        }
        let (p, q) = (sigmoid(x), sigmoid(-x));
        let bce = t * softplus(-x) + (1.0 - t) * softplus(x);
        let alpha = if of_class == f64::from(NOT_GIVEN) { self.alpha.map(f64::from) } else { Some(of_class) };
        let alpha = alpha.map_or(1.0, |alpha| alpha * t + (1.0 - alpha) * (1.0 - t));
        // 1 − p_t may round to 0; for t of 0 and 1 its log is −softplus(∓x), which does not
        let miss = q * t + p * (1.0 - t);
        let focus = match t {
            0.0 => (-gamma * softplus(-x)).exp(),
            1.0 => (-gamma * softplus(x)).exp(),
            _ => miss.powf(gamma),
        };
        // d(miss)/dx = (1 − 2t)·p·q, and for t of 0 and 1 its ratio to miss is (1 − 2t)·p_t
        let d_log_miss = match t {
            0.0 => q,
            1.0 => -p,
            _ => (1.0 - 2.0 * t) * p * q / miss,
        };
        let d_bce = sigmoid_balance(1.0 - t, t, x);
        ElementScore {
            loss: alpha * focus * bce,
            d: [alpha * focus * (gamma * d_log_miss * bce + d_bce), 0.0, 0.0, 0.0],
        }
    }
}
