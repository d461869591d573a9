//! The focal loss of targets that are qualities, with a focusing factor for negatives alone.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{sigmoid_balance, sigmoids, softplus};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Varifocal loss: `t·bce(x, t)` for each positive element, where `t > 0`, and `−α·p^γ·log(1 − p)` for each other
    /// element, with `p = σ(x)` and `bce = −t·log p − (1 − t)·log(1 − p)`.
    ///
    /// `input` holds logits and `target` qualities from 0 to 1, floats or integers, of one shape; in detection, the IoU
    /// of a box at the class of its object, and 0 at other classes. With the reduction `none` the result has the shape
    /// of `input`. [`Extra::Mask`], of this shape, leaves out each value where it is 0. Gradients: `input`.
    ///
    /// The logs are computed from softplus, so that loss and gradient are finite and accurate for every finite logit. An
    /// infinite logit gives NaN.
    ///
    /// Paper: Zhang et al., "VarifocalNet", 2021, which recommends α = 0.75 and γ = 2. See also:
    /// [`QualityFocal`](crate::QualityFocal); [`SigmoidFocal`](crate::SigmoidFocal), for targets of 0 and 1.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, Varifocal, cpu};
    /// let (input, target) = (Array::new(&[0.0f32, 0.0], [2])?, Array::new(&[0.5f32, 0.0], [2])?);
    /// // ½·log 2 for the positive, ¾·(½)²·log 2 for the negative
    /// let loss = cpu::value(&Varifocal::default().of(&input, &target))?.loss()?;
    /// assert!((loss - (0.5 + 0.1875) * 2f64.ln() / 2.0).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct Varifocal of (input, target) as Pointwise {
        /// The weight α of elements whose target is not positive.
        pub alpha: f32 = 0.75, Range::Within(0.0, 1.0);
        /// The focusing power γ. A higher γ lowers the weight of easy negatives; at 0 all negatives have the same
        /// weight.
        pub gamma: f32 = 2.0, Range::AtLeast(0.0);
    }
}

static HEADER: Header = Header {
    id: "varifocal",
    title: "focal loss of qualities, with positives in full",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Element).holding(Domain::Probability).or_integers(),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/varifocal"),
    default: || Box::new(Varifocal::default()),
};

impl Pointwise for Varifocal {
    fn score(&self, [x, t, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        if x.is_infinite() {
            return ElementScore { loss: f64::NAN, d: [f64::NAN; 4] };
        }
        let ([p, q], gamma) = (sigmoids(x), f64::from(self.gamma));
        let (loss, slope) = if t > 0.0 {
            let bce = t * softplus(-x) + (1.0 - t) * softplus(x);
            (t * bce, t * sigmoid_balance(1.0 - t, t, x))
        } else {
            let share = f64::from(self.alpha) * p.powf(gamma);
            (share * softplus(x), share * (gamma * q * softplus(x) + p))
        };
        ElementScore { loss, d: [slope, 0.0, 0.0, 0.0] }
    }
}
