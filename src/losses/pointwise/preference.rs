//! Which of two answers is preferred: the loss of reward models.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{sigmoid, softplus};
use crate::reduction::Reduction;
use crate::role::Role;

loss! {
    /// Preference (Bradley-Terry) loss: `−log σ(c − r − m)` for each pair of answers.
    ///
    /// `chosen` (c) and `rejected` (r) hold rewards, floats of one shape. With the reduction `none` the result has the
    /// shape of `chosen`. [`Extra::Margin`] is `m`, of this shape: how much better the chosen answer was rated; without
    /// it `m` is 0. [`Extra::Mask`], of this shape, leaves out each value where it is 0. Gradients: `chosen`,
    /// `rejected`.
    ///
    /// The loss is computed as `softplus(m + r − c)`, which neither overflows nor loses small values.
    ///
    /// Papers: Bradley and Terry, "Rank Analysis of Incomplete Block Designs", 1952; Ouyang et al., "Training Language
    /// Models to Follow Instructions with Human Feedback", 2022; Touvron et al., "Llama 2", 2023, for the margin. See
    /// also: [`Dpo`](crate::Dpo), without a reward model; [`MarginRanking`](crate::MarginRanking).
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, Extra, Preference, cpu};
    /// let of = |x: f32| Array::new(&[x], [1]);
    /// // the lead of 2 is exactly the margin: −log ½
    /// let loss = Preference::default().of(&of(3.0)?, &of(1.0)?).with(Extra::Margin, &of(2.0)?);
    /// assert!((cpu::value(&loss)?.loss()? - 2f64.ln()).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct Preference of (chosen, rejected) as Pointwise {}
}

static HEADER: Header = Header {
    id: "preference",
    title: "which of two answers is preferred",
    operands: &[
        OperandSpec::new("chosen", Role::Element).differentiable(),
        OperandSpec::new("rejected", Role::Element).differentiable(),
        OperandSpec::new("margin", Role::Element).or(0.0),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/preference"),
    default: || Box::new(Preference::default()),
};

impl Pointwise for Preference {
    fn score(&self, [chosen, rejected, margin, _]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let z = chosen - rejected - margin;
        ElementScore { loss: softplus(-z), d: [-sigmoid(-z), sigmoid(-z), 0.0, 0.0] }
    }
}
