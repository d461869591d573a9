//! Direct preference optimisation.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{part_of, sigmoid_balance, softplus};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::Role;

loss! {
    /// Direct preference optimisation: `−(1 − ε)·log σ(z) − ε·log σ(−z)` with `z = β·((pc − pr) − (rc − rr))`, for each
    /// pair of answers.
    ///
    /// `policy_chosen` (pc), `policy_rejected` (pr), `reference_chosen` (rc) and `reference_rejected` (rr) hold the
    /// log-probabilities of whole answers, floats of one shape. `none` has the shape of `policy_chosen`.
    /// [`Extra::Mask`], of this shape, leaves out each value where it is 0. Gradients: `policy_chosen`,
    /// `policy_rejected`.
    ///
    /// The logs are computed as `−softplus(∓z)`, which neither overflows nor loses small values.
    ///
    /// Papers: Rafailov et al., "Direct Preference Optimization", 2023, which uses β = 0.1; Mitchell, "A Note on DPO
    /// with Noisy Preferences", 2023, for the label smoothing. See also: [`Preference`](crate::Preference), for a
    /// reward model.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, Dpo, cpu};
    /// // a policy that is still the reference: z = 0
    /// let (chosen, rejected) = (Array::new(&[-10.0f32], [1])?, Array::new(&[-12.0f32], [1])?);
    /// let loss = Dpo::default().of(&chosen, &rejected, &chosen.clone(), &rejected.clone());
    /// assert!((cpu::value(&loss)?.loss()? - 2f64.ln()).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct Dpo of (policy_chosen, policy_rejected, reference_chosen, reference_rejected) as Pointwise {
        /// The factor β. The higher it is, the closer the policy stays to the reference.
        pub beta: f32 = 0.1, Range::Above(0.0);
        /// The share ε of preferences that are taken to be wrong.
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
