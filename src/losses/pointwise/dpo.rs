//! Direct preference optimisation.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{part_of, sigmoid_balance, softplus};
use crate::options::{Range, choice};
use crate::reduction::Reduction;
use crate::role::Role;

choice! {
    /// The loss as a function of z, which is β times the difference of the two answers' log-ratios, chosen minus
    /// rejected. ε is `label_smoothing`.
    pub enum DpoKind {
        /// `−(1 − ε)·log σ(z) − ε·log σ(−z)`.
        Sigmoid = "sigmoid",
        /// `max(0, 1 − z)`.
        Hinge = "hinge",
        /// `(z/β − 1/(2β))²`.
        Ipo = "ipo",
    }
}

loss! {
    /// Direct preference optimisation: `−(1 − ε)·log σ(z) − ε·log σ(−z)` with `z = β·((pc − pr) − (rc − rr))`, for each
    /// pair of answers. With `hinge` it is `max(0, 1 − z)`, with `ipo` `(z/β − 1/(2β))²`.
    ///
    /// `policy_chosen` (pc), `policy_rejected` (pr), `reference_chosen` (rc) and `reference_rejected` (rr) hold the
    /// log-probabilities of whole answers, floats of one shape. With the reduction `none` the result has the shape of
    /// `policy_chosen`. [`Extra::Mask`], of this shape, leaves out each value where it is 0. Gradients:
    /// `policy_chosen`, `policy_rejected`.
    ///
    /// For `ipo`, and wherever long answers should not count more, give the means over each answer's tokens in place of
    /// the sums. The logs are computed as `−softplus(∓z)`, which neither overflows nor loses small values. The
    /// derivative of `hinge` at `z = 1` is 0.
    ///
    /// Papers: Rafailov et al., "Direct Preference Optimization", 2023, which uses β = 0.1; Mitchell, "A Note on DPO
    /// with Noisy Preferences", 2023, for the label smoothing; Zhao et al., "SLiC-HF", 2023, for `hinge`; Azar et al.,
    /// "A General Theoretical Paradigm to Understand Learning from Human Preferences", 2023, for `ipo`, whose τ is β.
    /// See also: [`Preference`](crate::Preference), for a reward model; [`Simpo`](crate::Simpo), without a reference;
    /// [`Kto`](crate::Kto), for answers that are not in pairs.
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
        /// The loss as a function of z, which is β times the difference of the log-ratios.
        pub kind: DpoKind = DpoKind::Sigmoid, Range::Any;
        /// The factor β of the log-ratios. A higher β keeps the policy closer to the reference.
        pub beta: f32 = 0.1, Range::Above(0.0);
        /// The share ε of preferences that are assumed to be wrong. It has no effect on `hinge` and `ipo`.
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
        OperandSpec::SAMPLE_WEIGHT,
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
        let lead = (pc - pr) - (rc - rr);
        let z = beta * lead;
        let (loss, slope) = match self.kind {
            DpoKind::Sigmoid => (
                part_of(1.0 - wrong, softplus(-z)) + part_of(wrong, softplus(z)),
                beta * sigmoid_balance(wrong, 1.0 - wrong, z),
            ),
            DpoKind::Hinge if z >= 1.0 => (0.0, 0.0),
            DpoKind::Hinge => (1.0 - z, -beta),
            DpoKind::Ipo => {
                let off = lead - 0.5 / beta;
                (off * off, 2.0 * off)
            }
        };
        ElementScore { loss, d: [slope, -slope, 0.0, 0.0] }
    }
}
