//! Preference learning by the answers' own likelihood, without a reference model.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{part_of, sigmoid_balance, softplus};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Simple preference optimisation: `−(1 − ε)·log σ(z) − ε·log σ(−z)` with `z = β·(c − r) − γ`, for each pair of
    /// answers.
    ///
    /// `chosen` (c) and `rejected` (r) hold the means of the answers' log-probabilities over their tokens, floats of
    /// one shape. With the reduction `none` the result has the shape of `chosen`. [`Extra::Mask`], of this shape,
    /// leaves out each value where it is 0. Gradients: `chosen`, `rejected`.
    ///
    /// The logs are computed as `−softplus(∓z)`, which neither overflows nor loses small values.
    ///
    /// Paper: Meng et al., "SimPO: Simple Preference Optimization with a Reference-Free Reward", 2024, which recommends
    /// a β from 2 to 2.5 and a γ of about half of it; the defaults here are those of Liger-Kernel. See also:
    /// [`Orpo`](crate::Orpo); [`Dpo`](crate::Dpo), with a reference model.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, Simpo, cpu};
    /// let (chosen, rejected) = (Array::new(&[-1.0f32], [1])?, Array::new(&[-1.5f32], [1])?);
    /// // the lead of ½, doubled, is exactly the margin: −log ½
    /// let loss = Simpo { beta: 2.0, gamma: 1.0, ..Default::default() }.of(&chosen, &rejected);
    /// assert!((cpu::value(&loss)?.loss()? - 2f64.ln()).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct Simpo of (chosen, rejected) as Pointwise {
        /// The factor β of the difference of the answers' log-probabilities.
        pub beta: f32 = 0.1, Range::Above(0.0);
        /// The margin γ by which the chosen answer has to lead, in units of β times a log-probability.
        pub gamma: f32 = 0.5, Range::AtLeast(0.0);
        /// The share ε of preferences that are assumed to be wrong.
        pub label_smoothing: f32 = 0.0, Range::Within(0.0, 1.0);
    }
}

static HEADER: Header = Header {
    id: "simpo",
    title: "preference by a margin, without a reference",
    operands: &[
        OperandSpec::new("chosen", Role::Element).differentiable().holding(Domain::LogProbability),
        OperandSpec::new("rejected", Role::Element).differentiable().holding(Domain::LogProbability),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/simpo"),
    default: || Box::new(Simpo::default()),
};

impl Pointwise for Simpo {
    fn score(&self, [chosen, rejected, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let (beta, wrong) = (f64::from(self.beta), f64::from(self.label_smoothing));
        let z = beta * (chosen - rejected) - f64::from(self.gamma);
        let slope = beta * sigmoid_balance(wrong, 1.0 - wrong, z);
        let loss = part_of(1.0 - wrong, softplus(-z)) + part_of(wrong, softplus(z));
        ElementScore { loss, d: [slope, -slope, 0.0, 0.0] }
    }
}
