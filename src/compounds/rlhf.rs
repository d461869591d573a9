//! Reinforcement learning from human feedback.

use crate::losses::{KlPenalty, PpoPolicy, PpoValue};
use crate::term::{Beside, Extra, Operand, Term};

/// Proximal policy optimisation of a language model: `ppo_policy + c·ppo_value + k·kl_penalty`. Each is a mean over the tokens
/// that the mask keeps, unless the term is [reduced](crate::Term::reduce) otherwise.
///
/// The parts of an outcome are `policy`, `value` and `kl`.
///
/// Papers: Schulman et al., "Proximal Policy Optimization Algorithms", 2017; Ouyang et al., "Training Language Models to
/// Follow Instructions with Human Feedback", 2022.
#[derive(Clone, Debug, PartialEq)]
pub struct Rlhf {
    /// The policy's loss.
    pub policy: PpoPolicy,
    /// The value function's loss.
    pub value: PpoValue,
    /// The penalty for leaving the reference policy.
    pub kl: KlPenalty,
    /// The factor c of the value function's loss.
    pub value_weight: f32,
    /// The factor k of the penalty.
    pub kl_weight: f32,
}

impl Default for Rlhf {
    fn default() -> Rlhf {
        let (policy, value, kl) = (PpoPolicy::default(), PpoValue::default(), KlPenalty::default());
        Rlhf { policy, value, kl, value_weight: 0.5, kl_weight: 0.05 }
    }
}

/// A rollout and the model's present view of it, for each token. All tensors have one shape.
#[derive(Clone, Copy, Debug)]
pub struct Rollout<'a, T> {
    /// The log-probabilities of the tokens under the policy.
    pub log_probs: &'a T,
    /// The log-probabilities under the policy that drew the tokens.
    pub old_log_probs: &'a T,
    /// The log-probabilities under the reference policy.
    pub ref_log_probs: &'a T,
    /// The advantage of each token: how much better than expected it was.
    pub advantages: &'a T,
    /// The value function's estimates.
    pub values: &'a T,
    /// The estimates when the tokens were drawn.
    pub old_values: &'a T,
    /// The returns, which the value function should estimate.
    pub returns: &'a T,
    /// Nonzero for tokens of the answer, zero for prompt and padding.
    pub mask: Option<&'a T>,
}

impl Rlhf {
    /// The loss of a rollout.
    pub fn of<T: Operand>(&self, rollout: Rollout<'_, T>) -> Term<T> {
        let policy = self.policy.of(rollout.log_probs, rollout.old_log_probs, rollout.advantages).named("policy");
        let value = self.value.of(rollout.values, rollout.old_values, rollout.returns).named("value");
        let tokens = rollout.log_probs.shape().to_vec();
        let value =
            value.beside(Beside { whole: "rlhf", own: "values", other: "log_probs", shape: tokens, exact: true });
        let kl = self.kl.of(rollout.log_probs, rollout.ref_log_probs).named("kl");
        let sum = policy + self.value_weight * value + self.kl_weight * kl;
        match rollout.mask {
            Some(mask) => sum.with(Extra::Mask, mask),
            None => sum,
        }
    }
}
