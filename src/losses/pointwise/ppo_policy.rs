//! The clipped policy objective of proximal policy optimisation.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

crate::loss! {
    /// Clipped policy loss: `max(−A·r, −A·clamp(r, 1 − low, 1 + high))` with the ratio `r = exp(new − old)`, for each
    /// element.
    ///
    /// `log_probs`, `old_log_probs` and `advantages` have one shape, of tokens say. An [`Extra::Mask`] leaves out what it
    /// is zero for.
    ///
    /// The derivative is `−A·r` where the ratio is not clipped, its bounds included, and 0 where it is, however large the
    /// ratio: a log-ratio of 100 does not overflow into NaN, since the clipped branch never multiplies by it.
    ///
    /// Paper: Schulman et al., "Proximal Policy Optimization Algorithms", 2017; two bounds as in Yu et al., "DAPO", 2025.
    /// Neighbours: [`PpoValue`](crate::PpoValue), [`KlPenalty`](crate::KlPenalty); [`Rlhf`](crate::Rlhf), their sum.
    ///
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct PpoPolicy of (log_probs, old_log_probs, advantages) as Pointwise {
        /// How far the ratio may fall below 1.
        pub clip_low: f32 = 0.2, Range::AtLeast(0.0);
        /// How far it may rise above 1.
        pub clip_high: f32 = 0.2, Range::AtLeast(0.0);
    }
}

static HEADER: Header = Header {
    id: "ppo_policy",
    title: "clipped policy objective",
    operands: &[
        OperandSpec::new("log_probs", Role::Element).differentiable().holding(Domain::Log),
        OperandSpec::new("old_log_probs", Role::Element).holding(Domain::Log),
        OperandSpec::new("advantages", Role::Element),
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/ppo_policy"),
    default: || Box::new(PpoPolicy::default()),
};

impl Pointwise for PpoPolicy {
    fn score(&self, [new, old, advantage, _]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let (low, high) = (1.0 - f64::from(self.clip_low), 1.0 + f64::from(self.clip_high));
        let ratio = (new - old).exp();
        // the maximum is clipped above for good advantages, below for bad ones
        let (bound, clipped) = match advantage > 0.0 {
            true => (high, ratio > high),
            false => (low, ratio < low),
        };
        match (advantage, clipped) {
            (0.0, _) if !ratio.is_nan() => ElementScore::default(),
            (_, true) => ElementScore { loss: -advantage * bound, d: [0.0; 4] },
            _ => ElementScore { loss: -advantage * ratio, d: [-advantage * ratio, 0.0, 0.0, 0.0] },
        }
    }
}
