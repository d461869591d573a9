//! The focal loss of independent binary targets that lowers the weight of negatives more than that of positives.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{sigmoids, softplus};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Asymmetric loss: `−t·(1 − p)^γ⁺·log p − (1 − t)·p_m^γ⁻·log(1 − p_m)` for each element, with `p = σ(x)` and
    /// `p_m = max(p − clip, 0)`.
    ///
    /// `input` holds logits and `target` floats or integers from 0 to 1, of one shape. For targets between 0 and 1 both
    /// terms count. With the reduction `none` the result has the shape of `input`. [`Extra::Weight`], of a shape that
    /// broadcasts to the input's, multiplies each value; a mean then divides by the sum of the weights.
    /// [`Extra::Mask`], of the input's shape, leaves out each value where it is 0. Gradients: `input`.
    ///
    /// The logs are computed from softplus, without an eps, so that loss and gradient are finite and accurate for every
    /// finite logit. A negative whose `p` is less than `clip` has no loss and no gradient. Where `p` equals `clip`, the
    /// derivative is the one for greater `p`, as in PyTorch. An infinite logit gives NaN.
    ///
    /// Paper: Ridnik et al., "Asymmetric Loss for Multi-Label Classification", 2021, which uses the defaults here.
    /// Reference: `timm.loss.AsymmetricLossMultiLabel`, whose default γ⁺ is 1. See also:
    /// [`SigmoidFocal`](crate::SigmoidFocal), with one γ; [`BceWithLogits`](crate::BceWithLogits), which is this loss
    /// with 0 for γ⁺, γ⁻ and clip.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, Asymmetric, cpu};
    /// let (input, target) = (Array::new(&[0.0f32, 0.0], [2])?, Array::new(&[1.0f32, 0.0], [2])?);
    /// let loss = Asymmetric { clip: 0.25, gamma_neg: 2.0, ..Default::default() }.of(&input, &target);
    /// // −log ½ for the positive; p_m is ¼ for the negative
    /// let want = (2f64.ln() - 0.25 * 0.25 * 0.75f64.ln()) / 2.0;
    /// assert!((cpu::value(&loss)?.loss()? - want).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct Asymmetric of (input, target) as Pointwise {
        /// The power γ⁺ of `1 − p` in the loss of positives. At 0 all positives have the same weight.
        pub gamma_pos: f32 = 0.0, Range::AtLeast(0.0);
        /// The power γ⁻ of `p_m` in the loss of negatives. A higher γ⁻ lowers the weight of easy negatives.
        pub gamma_neg: f32 = 4.0, Range::AtLeast(0.0);
        /// The share of probability that is subtracted from the p of negatives: `p_m = max(p − clip, 0)`.
        pub clip: f32 = 0.05, Range::Within(0.0, 1.0);
        /// Whether the gradient includes the derivatives of the focusing factors, which are the powers of γ⁺ and γ⁻.
        /// `false` treats these factors as constants, as the authors do in training.
        pub through_focus: bool = true, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "asymmetric",
    title: "independent binary questions with many easy negatives",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Element).holding(Domain::Binary).or_integers(),
        OperandSpec::WEIGHT,
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Weights,
    shader: source!("losses/pointwise/asymmetric"),
    default: || Box::new(Asymmetric::default()),
};

impl Asymmetric {
    /// Returns the γ in the derivative of a focusing factor: 0 where the factor counts as a constant.
    fn gamma_in_slope(&self, gamma: f32) -> f64 {
        if self.through_focus { gamma.into() } else { 0.0 }
    }

    /// Returns the loss of a positive, and its derivative.
    fn positive(&self, x: f64) -> [f64; 2] {
        let ([p, q], surprise) = (sigmoids(x), softplus(-x));
        let focus = q.powf(self.gamma_pos.into());
        [focus * surprise, -focus * (self.gamma_in_slope(self.gamma_pos) * p * surprise + q)]
    }

    /// Returns the loss of a negative, and its derivative.
    fn negative(&self, x: f64) -> [f64; 2] {
        let ([p, q], clip) = (sigmoids(x), f64::from(self.clip));
        if p < clip {
            return [0.0; 2];
        }
        // 1 − p_m is computed as q + clip, which keeps its digits, not as a difference from 1
        let (shifted, rest) = (p - clip, q + clip);
        let surprise = match shifted <= 0.5 {
            _ if clip == 0.0 => softplus(x),
            true => -(-shifted).ln_1p(),
            false => -rest.ln(),
        };
        // where p_m is 0, surprise/p_m has the limit 1
        let ratio = if shifted == 0.0 { 1.0 } else { surprise / shifted };
        let focus = shifted.powf(self.gamma_neg.into());
        [focus * surprise, focus * p * (self.gamma_in_slope(self.gamma_neg) * q * ratio + q / rest)]
    }
}

impl Pointwise for Asymmetric {
    fn score(&self, [x, t, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        if x.is_infinite() {
            return ElementScore { loss: f64::NAN, d: [f64::NAN; 4] };
        }
        let ([yes, d_yes], [no, d_no]) = (self.positive(x), self.negative(x));
        ElementScore { loss: t * yes + (1.0 - t) * no, d: [t * d_yes + (1.0 - t) * d_no, 0.0, 0.0, 0.0] }
    }
}
