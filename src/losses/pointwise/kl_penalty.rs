//! Estimates of the divergence from a reference policy.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::exp_excess;
use crate::options::{Range, choice};
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

choice! {
    /// An estimate of a divergence from samples.
    pub enum KlEstimate {
        /// The log-ratio.
        K1 = "k1",
        /// Half its square.
        K2 = "k2",
        /// The Bregman form, never negative.
        K3 = "k3",
    }
}

crate::loss! {
    /// Estimate of the divergence of a policy from a reference, for each element, with `d = new − ref`: k1 `d`, k2 `½d²`,
    /// k3 `e^−d − 1 + d`.
    ///
    /// `log_probs` and `ref_log_probs` have one shape, of tokens say. An [`Extra::Mask`] leaves out what it is zero for.
    ///
    /// k1 is unbiased and may be negative; k2 has less variance and a bias; k3 is unbiased and never negative. k3 is
    /// computed by a series near 0 and through `expm1`, so that policies which hardly differ keep their digits.
    ///
    /// Source: Schulman, "Approximating KL Divergence", 2020. Neighbours: [`KlDiv`](crate::KlDiv), over whole
    /// distributions; [`Rlhf`](crate::Rlhf).
    ///
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct KlPenalty of (log_probs, ref_log_probs) as Pointwise {
        /// Which estimate.
        pub kind: KlEstimate = KlEstimate::K1, Range::Any;
    }
}

static HEADER: Header = Header {
    id: "kl_penalty",
    title: "estimate of the divergence from a reference policy",
    operands: &[
        OperandSpec::new("log_probs", Role::Element).differentiable().holding(Domain::Log),
        OperandSpec::new("ref_log_probs", Role::Element).holding(Domain::Log),
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/kl_penalty"),
    default: || Box::new(KlPenalty::default()),
};

impl Pointwise for KlPenalty {
    fn score(&self, [new, reference, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let d = new - reference;
        let (loss, slope) = match self.kind {
            KlEstimate::K1 => (d, 1.0),
            KlEstimate::K2 => (0.5 * d * d, d),
            KlEstimate::K3 => (exp_excess(-d), -(-d).exp_m1()),
        };
        ElementScore { loss, d: [slope, 0.0, 0.0, 0.0] }
    }
}
