//! Which of two answers is preferred: the loss of reward models.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::{sigmoid, softplus};
use crate::reduction::Reduction;
use crate::role::Role;

crate::loss! {
    /// Preference loss: `−log σ(c − r − m)` for each pair of answers.
    ///
    /// `chosen` and `rejected` hold rewards, of one shape and both differentiable; [`Extra::Margin`] is how much better
    /// the chosen one is rated, of the same shape. An [`Extra::Mask`] leaves out what it is zero for.
    ///
    /// It is `softplus(m + r − c)`, which neither overflows nor loses small values.
    ///
    /// Papers: Bradley & Terry, 1952; Ouyang et al., "Training Language Models to Follow Instructions with Human
    /// Feedback", 2022; the margin is that of Touvron et al., "Llama 2", 2023. Neighbours: [`Dpo`](crate::Dpo), without a
    /// reward model; [`MarginRanking`](crate::MarginRanking).
    ///
    /// [`Extra::Mask`]: crate::Extra::Mask
    /// [`Extra::Margin`]: crate::Extra::Margin
    pub struct Preference of (chosen, rejected) as Pointwise {}
}

static HEADER: Header = Header {
    id: "preference",
    title: "which of two answers is preferred",
    operands: &[
        OperandSpec::new("chosen", Role::Element).differentiable(),
        OperandSpec::new("rejected", Role::Element).differentiable(),
        OperandSpec::new("margin", Role::Element).or(0.0),
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
