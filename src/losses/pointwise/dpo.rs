//! Direct preference optimisation.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{part_of, sigmoid_balance, softplus};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::Role;

crate::loss! {
    /// Direct preference optimisation: `−(1 − ε)·log σ(z) − ε·log σ(−z)` with `z = β·((pc − pr) − (rc − rr))`, for each
    /// pair of answers.
    ///
    /// `policy_chosen`, `policy_rejected`, `reference_chosen` and `reference_rejected` hold the log-probabilities of whole
    /// answers, of one shape; those of the policy are differentiable. An [`Extra::Mask`] leaves out what it is zero for.
    ///
    /// The logs are `−softplus(∓z)`, which neither overflow nor lose small values.
    ///
    /// Papers: Rafailov et al., "Direct Preference Optimization", 2023; label smoothing as in Mitchell, "A Note on DPO
    /// with Noisy Preferences", 2023. Neighbours: [`Preference`](crate::Preference), for a reward model.
    ///
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct Dpo of (policy_chosen, policy_rejected, reference_chosen, reference_rejected) as Pointwise {
        /// How strongly the policy is held to the reference.
        pub beta: f32 = 0.1, Range::Above(0.0);
        /// How often a preference is taken to be wrong.
        pub label_smoothing: f32 = 0.0, Range::Within(0.0, 1.0);
    }
}

static HEADER: Header = Header {
    id: "dpo",
    title: "direct preference optimisation",
    operands: &[
        OperandSpec::new("policy_chosen", Role::Element).differentiable(),
        OperandSpec::new("policy_rejected", Role::Element).differentiable(),
        OperandSpec::new("reference_chosen", Role::Element),
        OperandSpec::new("reference_rejected", Role::Element),
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/dpo"),
    default: || Box::new(Dpo::default()),
};

impl Pointwise for Dpo {
    fn score(&self, [pc, pr, rc, rr]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let (beta, wrong) = (f64::from(self.beta), f64::from(self.label_smoothing));
        let z = beta * ((pc - pr) - (rc - rr));
        let slope = beta * sigmoid_balance(wrong, 1.0 - wrong, z);
        let loss = part_of(1.0 - wrong, softplus(-z)) + part_of(wrong, softplus(z));
        ElementScore { loss, d: [slope, -slope, 0.0, 0.0] }
    }
}
