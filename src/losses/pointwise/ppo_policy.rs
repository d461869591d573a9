//! The clipped policy objective of proximal policy optimisation.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::part_of;
use crate::options::{Range, choice};
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

choice! {
    /// How a policy loss bounds the ratio r of new to old probability. `A` is the advantage, and `new` is the new
    /// log-probability.
    pub enum PpoKind {
        /// `max(−A·r, −A·clamp(r, 1 − clip_low, 1 + clip_high))`.
        Clip = "clip",
        /// As `Clip`, but a negative advantage is never multiplied by more than `dual_clip_ratio`.
        DualClip = "dual_clip",
        /// `−min(r, 1 + clip_high)·A·new`, where the ratio counts as a constant in the gradient.
        Cispo = "cispo",
        /// As `Clip`, with one ratio for all tokens of a sequence: `exp` of the mean of the tokens' log-ratios.
        Sequence = "sequence",
    }
}

loss! {
    /// Clipped policy loss: `max(−A·r, −A·clamp(r, 1 − clip_low, 1 + clip_high))` for each element, with the advantage
    /// `A` and the ratio `r = exp(new − old)`.
    ///
    /// With `dual_clip`, a negative advantage has the loss `−A·c` where r is above c, the `dual_clip_ratio`. With
    /// `cispo` the loss is `−min(r, 1 + clip_high)·A·new`, and its gradient takes the ratio for a constant, so that
    /// every token has a gradient.
    ///
    /// With `sequence`, operands are `[B, T]`, and the ratio of each token in row i is that of the whole sequence,
    /// `r_i = exp(Σ m·(new − old) / max(Σ m, 1))` over the row's tokens, where m is 1 for a token that takes part and 0
    /// for others. The gradient with respect to the mean log-ratio is spread over the row: each token gets the share
    /// `m / max(Σ m, 1)`.
    ///
    /// For `[B, T]`, the reduction `sequence_mean` is `Σ (Σ m·l / max(Σ m, 1)) / B`: it takes the mean loss of the
    /// tokens of each sequence, or 0 where none takes part, and then the mean over sequences. Sample weights multiply
    /// only `l`.
    ///
    /// `log_probs` (new), `old_log_probs` and `advantages` are floats of one shape, for example one for each token.
    /// With the reduction `none` the result has the shape of `log_probs`. [`Extra::Entropy`], floats of this shape, is
    /// the entropy of the policy's distribution at each element: `entropy_coef` times the entropy is subtracted from
    /// the loss, so that the policy stays uncertain. [`Extra::Mask`], of this shape, leaves out each value where it is
    /// 0. Gradients: `log_probs`, `entropy`.
    ///
    /// Except for `cispo`, the derivative is 0 where a bound takes the place of r in the loss, and `−A·r` elsewhere,
    /// also where r equals a bound. Where a bound takes the place of r, the loss is finite even for a log-ratio of 100,
    /// because nothing is multiplied by r. Under `dual_clip`, where A is negative and r is exactly c, the derivative is
    /// half of `−A·r`.
    ///
    /// Papers: Schulman et al., "Proximal Policy Optimization Algorithms", 2017, which recommends 0.2 for both bounds;
    /// Yu et al., "DAPO", 2025, which recommends a `clip_high` of 0.28; Ye et al., "Mastering Complex Control in MOBA
    /// Games with Deep Reinforcement Learning", 2020, for `dual_clip`, with c = 3; MiniMax, "MiniMax-M1", 2025, for
    /// `cispo`; Zheng et al., "Group Sequence Policy Optimization", 2025, for `sequence`, which recommends bounds of 0.0003 and
    /// 0.0004; Shao et al., "DeepSeekMath", 2024, whose GRPO has `sequence_mean`. See also: [`PpoValue`](crate::PpoValue);
    /// [`KlPenalty`](crate::KlPenalty); [`Rlhf`](crate::Rlhf), the sum of the three.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, PpoPolicy, cpu};
    /// let new = Array::new(&[0.0f32, 100.0], [2])?;
    /// let (old, advantages) = (Array::new(&[0.0f32, 0.0], [2])?, Array::new(&[1.0f32, 1.0], [2])?);
    /// let loss = PpoPolicy::new().clip_low(0.25).clip_high(0.25).of(&new, &old, &advantages);
    /// let (out, [gradient]) = cpu::gradients(&loss, [&new])?;
    /// // a ratio of 1, and one of e¹⁰⁰ that is clipped to 1.25
    /// assert_eq!(out.loss()?, (-1.0 - 1.25) / 2.0);
    /// assert_eq!(gradient.to_f64(), [-0.5, 0.0]);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct PpoPolicy of (log_probs, old_log_probs, advantages) as Pointwise {
        /// How far the ratio may fall below 1.
        pub clip_low: f32 = 0.2, Range::AtLeast(0.0);
        /// How far the ratio may rise above 1.
        pub clip_high: f32 = 0.2, Range::AtLeast(0.0);
        /// How the ratio is bounded.
        pub kind: PpoKind = PpoKind::Clip, Range::Any;
        /// The greatest ratio c that a negative advantage is multiplied by, under `dual_clip`.
        pub dual_clip_ratio: f32 = 3.0, Range::Above(1.0);
        /// The factor of the entropy. It has no effect where no entropy is given.
        pub entropy_coef: f32 = 0.01, Range::AtLeast(0.0);
    }
}

static HEADER: Header = Header {
    id: "ppo_policy",
    title: "clipped policy objective",
    operands: &[
        OperandSpec::new("log_probs", Role::Element).differentiable().holding(Domain::Log),
        OperandSpec::new("old_log_probs", Role::Element).holding(Domain::Log),
        OperandSpec::new("advantages", Role::Element),
        OperandSpec::new("entropy", Role::Element).or(0.0).differentiable().holding(Domain::Positive),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::SEQUENCED,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/ppo_policy"),
    default: || Box::new(PpoPolicy::default()),
};

impl PpoPolicy {
    /// Returns the loss without the entropy, and its derivative with respect to `log_probs`, or to the log-ratio of a
    /// sequence.
    fn policy(&self, new: f64, log_ratio: f64, advantage: f64) -> [f64; 2] {
        let (low, high) = (1.0 - f64::from(self.clip_low), 1.0 + f64::from(self.clip_high));
        let ratio = log_ratio.exp();
        // the maximum takes the upper bound for positive advantages, the lower for negative ones
        let (bound, clipped) = match advantage > 0.0 {
            true => (high, ratio > high),
            false => (low, ratio < low),
        };
        if self.kind == PpoKind::Cispo {
            let factor = -part_of(advantage, if ratio > high { high } else { ratio });
            return [part_of(factor, new), factor];
        }
        let most = if self.kind == PpoKind::DualClip { self.dual_clip_ratio.into() } else { f64::INFINITY };
        match (advantage, clipped) {
            (0.0, _) if !ratio.is_nan() => [0.0; 2],
            (_, true) => [-advantage * bound, 0.0],
            _ if advantage < 0.0 && ratio > most => [-advantage * most, 0.0],
            _ => {
                // where r equals c, each argument of min(r, c) gets half of the derivative
                let share = if advantage < 0.0 && ratio == most { 0.5 } else { 1.0 };
                [-advantage * ratio, -advantage * ratio * share]
            }
        }
    }
}

impl Pointwise for PpoPolicy {
    /// Passes the mean log-ratio of a sequence on to `score`.
    fn item(&self, log_ratio: f64) -> [f64; 3] {
        [log_ratio, 0.0, 0.0]
    }

    fn score(&self, [new, old, advantage, entropy]: [f64; 4], [of_sequence, ..]: [f64; 3]) -> ElementScore {
        let coefficient = f64::from(self.entropy_coef);
        let log_ratio = if self.of_sequences() { of_sequence } else { new - old };
        let [loss, d] = self.policy(new, log_ratio, advantage);
        ElementScore { loss: loss - part_of(coefficient, entropy), d: [d, 0.0, 0.0, -coefficient] }
    }

    fn of_sequences(&self) -> bool {
        self.kind == PpoKind::Sequence
    }
}
