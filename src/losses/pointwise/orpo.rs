//! Preference learning by odds ratios, without a reference model.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{part_of, sigmoid, softplus};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Odds ratio preference optimisation: `−c − β·log σ(z)` for each pair of answers, where `z` is the log of the ratio
    /// of their odds: `z = (c − r) − (log(1 − e^c) − log(1 − e^r))`.
    ///
    /// `chosen` (c) and `rejected` (r) hold the means of the answers' log-probabilities over their tokens, floats of
    /// one shape. With the reduction `none` the result has the shape of `chosen`. [`Extra::Mask`], of this shape,
    /// leaves out each value where it is 0. Gradients: `chosen`, `rejected`.
    ///
    /// `−c` is the cross-entropy of the chosen answer, a mean over its tokens. `1 − e^c` is computed by `expm1`, so
    /// that it keeps its digits for answers with a probability near 1. A positive `c` or `r` is no log of a probability
    /// and gives NaN.
    ///
    /// Paper: Hong et al., "ORPO: Monolithic Preference Optimization without Reference Model", 2024, which uses β = 0.1.
    /// See also: [`Simpo`](crate::Simpo); [`Dpo`](crate::Dpo), with a reference model.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, Orpo, cpu};
    /// // two answers whose tokens have a probability of ½ each: equal odds
    /// let half = Array::new(&[0.5f64.ln()], [1])?;
    /// let loss = cpu::value(&Orpo { beta: 0.25 }.of(&half, &half.clone()))?.loss()?;
    /// assert!((loss - 1.25 * 2f64.ln()).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct Orpo of (chosen, rejected) as Pointwise {
        /// The weight β of the odds ratio's term, which is added to the cross-entropy of the chosen answer.
        pub beta: f32 = 0.1, Range::AtLeast(0.0);
    }
}

static HEADER: Header = Header {
    id: "orpo",
    title: "preference by odds ratios, without a reference",
    operands: &[
        OperandSpec::new("chosen", Role::Element).differentiable().holding(Domain::LogProbability),
        OperandSpec::new("rejected", Role::Element).differentiable().holding(Domain::LogProbability),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/orpo"),
    default: || Box::new(Orpo::default()),
};

impl Pointwise for Orpo {
    fn score(&self, [c, r, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let beta = f64::from(self.beta);
        // 1 − e^c, which is 0 and not −0 for c = 0
        let [not_c, not_r] = [c, r].map(|x| 0.0 - x.exp_m1());
        let z = (c - not_c.ln()) - (r - not_r.ln());
        let wrong = sigmoid(-z);
        // as c goes to 0 the odds of the chosen answer become infinite, but the derivative has a finite limit
        let up = if c == 0.0 { r.exp() / not_r } else { wrong / not_c };
        let d = [-1.0 - part_of(beta, up), part_of(beta, wrong / not_r), 0.0, 0.0];
        ElementScore { loss: part_of(beta, softplus(-z)) - c, d }
    }
}
