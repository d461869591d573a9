//! Estimates of the divergence from a reference policy.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::exp_excess;
use crate::options::{Range, choice};
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

choice! {
    /// How a divergence is estimated from samples, with the log-ratio `d` of policy to reference.
    pub enum KlEstimate {
        /// `d`: unbiased, may be negative.
        K1 = "k1",
        /// `½d²`: less variance, biased.
        K2 = "k2",
        /// `e^−d − 1 + d`: unbiased, never negative.
        K3 = "k3",
    }
}

loss! {
    /// Estimate of the divergence of a policy from a reference, for each element with `d = new − reference`: k1 `d`, k2
    /// `½d²`, k3 `e^−d − 1 + d`.
    ///
    /// `log_probs` (new) and `ref_log_probs` are floats of one shape, for example one for each token. With the
    /// reduction `none` the result has the shape of `log_probs`. [`Extra::Mask`], of this shape, leaves out each value
    /// where it is 0. Gradients: `log_probs`.
    ///
    /// For `[B, T]`, the reduction `sequence_mean` takes, for each row, the mean of its values that take part, or 0 if
    /// none does, and then the mean over rows.
    ///
    /// k1 is unbiased and may be negative. k2 has less variance and a bias. k3 is unbiased and never negative. Near 0,
    /// k3 is a series, and elsewhere it uses `expm1`, so that the estimate for policies that hardly differ keeps its
    /// digits.
    ///
    /// Source: Schulman, "Approximating KL Divergence", 2020, which prefers k3. See also: [`KlDiv`](crate::KlDiv), over
    /// whole distributions; [`Rlhf`](crate::Rlhf).
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, KlEstimate, KlPenalty, cpu};
    /// let new = Array::new(&[-3.0f32], [1])?;
    /// let reference = Array::new(&[-1.0f32], [1])?;
    /// assert_eq!(cpu::value(&KlPenalty::new().kind(KlEstimate::K1).of(&new, &reference))?.loss()?, -2.0);
    /// assert_eq!(cpu::value(&KlPenalty::new().kind(KlEstimate::K2).of(&new, &reference))?.loss()?, 2.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct KlPenalty of (log_probs, ref_log_probs) as Pointwise {
        /// Which estimate the loss takes.
        pub kind: KlEstimate = KlEstimate::K1, Range::Any;
        /// The bound of the log-ratio `d`, which is clamped between `−clip` and `clip`; where it is clamped, the
        /// gradient is 0. `None` sets no bound.
        pub clip: Option<f32> = None, Range::AtLeast(0.0);
    }
}

static HEADER: Header = Header {
    id: "kl_penalty",
    title: "estimate of the divergence from a reference policy",
    operands: &[
        OperandSpec::new("log_probs", Role::Element).differentiable().holding(Domain::Log),
        OperandSpec::new("ref_log_probs", Role::Element).holding(Domain::Log),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::SEQUENCED,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/kl_penalty"),
    default: || Box::new(KlPenalty::default()),
};

impl Pointwise for KlPenalty {
    fn score(&self, [new, reference, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let most = self.clip.map_or(f64::INFINITY, f64::from);
        let d = (new - reference).clamp(-most, most);
        let (loss, slope) = match self.kind {
            KlEstimate::K1 => (d, 1.0),
            KlEstimate::K2 => (0.5 * d * d, d),
            KlEstimate::K3 => (exp_excess(-d), -(-d).exp_m1()),
        };
        let slope = if (new - reference).abs() > most { 0.0 } else { slope };
        ElementScore { loss, d: [slope, 0.0, 0.0, 0.0] }
    }
}
