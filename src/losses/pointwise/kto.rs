//! Preference learning from single answers that are good or bad.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::sigmoids;
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Kahneman-Tversky optimisation: `λ_D·(1 − σ(β·(d − z)))` for each desirable answer and `λ_U·(1 − σ(β·(z − d)))`
    /// for each undesirable one, with `d = policy − reference`.
    ///
    /// `policy` and `reference` hold the log-probabilities of whole answers, floats of one shape. `label`, of this
    /// shape, holds floats or integers: 1 for desirable answers, 0 for undesirable ones; for labels in between, both
    /// terms count in proportion. With the reduction `none` the result has the shape of `policy`. [`Extra::Kl`], floats
    /// `[M]` of any length, holds `policy − reference` of prompts that are paired with other prompts' answers. z is the
    /// mean of these numbers, or 0 where the mean is negative or the operand is not given, and counts as a constant in
    /// the gradient. A GPU takes up to 2,621,440 such numbers. [`Extra::Mask`], of the shape of `policy`, leaves out
    /// each value where it is 0. Gradients: `policy`.
    ///
    /// `1 − σ(u)` is computed as `σ(−u)`, which keeps its digits. Where a batch is spread over devices, give each device
    /// the `kl` of the whole batch.
    ///
    /// Paper: Ethayarajh et al., "KTO: Model Alignment as Prospect Theoretic Optimization", 2024, which recommends weights
    /// that balance n_D desirable and n_U undesirable answers: `λ_D·n_D` from 1 to 1.5 times `λ_U·n_U`. See also:
    /// [`Dpo`](crate::Dpo), for answers in pairs.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, Kto, cpu};
    /// let of = |numbers: &[f32]| Array::new(numbers, [numbers.len()]);
    /// let (policy, reference, label) = (of(&[-10.0, -7.0])?, of(&[-11.0, -8.0])?, of(&[1.0, 0.0])?);
    /// // both answers have a log-ratio of 1, which is also z: σ(0) each
    /// let loss = Kto::default().of(&policy, &reference, &label).kl(&of(&[0.5, 1.5])?);
    /// assert_eq!(cpu::value(&loss)?.loss()?, 0.5);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct Kto of (policy, reference, label) as Pointwise {
        /// The factor β of the log-ratios. A higher β keeps the policy closer to the reference.
        pub beta: f32 = 0.1, Range::Above(0.0);
        /// The weight λ_D of desirable answers.
        pub desirable_weight: f32 = 1.0, Range::AtLeast(0.0);
        /// The weight λ_U of undesirable answers.
        pub undesirable_weight: f32 = 1.0, Range::AtLeast(0.0);
    }
}

static HEADER: Header = Header {
    id: "kto",
    title: "preference from single good or bad answers",
    operands: &[
        OperandSpec::new("policy", Role::Element).differentiable().holding(Domain::Log),
        OperandSpec::new("reference", Role::Element).holding(Domain::Log),
        OperandSpec::new("label", Role::Element).holding(Domain::Binary).or_integers(),
        OperandSpec::new("kl", Role::Averaged).optional(),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/kto"),
    default: || Box::new(Kto::default()),
};

impl Pointwise for Kto {
    /// Returns z, from the mean of the operand `kl`.
    fn item(&self, mean: f64) -> [f64; 3] {
        [mean.max(0.0), 0.0, 0.0]
    }

    fn score(&self, [policy, reference, label, _]: [f64; 4], [z, ..]: [f64; 3]) -> ElementScore {
        let (beta, of_good, of_bad) = (
            f64::from(self.beta),
            f64::from(self.desirable_weight) * label,
            f64::from(self.undesirable_weight) * (1.0 - label),
        );
        let [p, q] = sigmoids(beta * ((policy - reference) - z));
        ElementScore { loss: of_good * q + of_bad * p, d: [beta * (of_bad - of_good) * p * q, 0.0, 0.0, 0.0] }
    }
}
