//! Mean squared error.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::reduction::Reduction;

crate::loss! {
    /// Mean squared error: `(x − t)²` for each element.
    ///
    /// `input` and `target` have one shape and are both differentiable. By an optional
    /// [`Extra::Weight`] `none` and `sum` are multiplied, a mean being `Σ w·(x − t)² / Σ w`. An [`Extra::Mask`] leaves out
    /// what it is zero for.
    ///
    /// A difference of two equal infinities is NaN, as IEEE has it, also where a shader's compiler would fold it to 0.
    ///
    /// Reference: `torch.nn.functional.mse_loss`. Neighbours: [`Diffusion`], which builds its target.
    ///
    /// [`Extra::Weight`]: crate::Extra::Weight
    /// [`Extra::Mask`]: crate::Extra::Mask
    /// [`Diffusion`]: crate::Diffusion
    pub struct Mse of (input, target) as Pointwise {}
}

static HEADER: Header = Header {
    id: "mse",
    title: "mean squared error",
    operands: &OperandSpec::PAIRED,
    reductions: Reduction::VALUES,
    mean: Denominator::Weights,
    shader: source!("losses/pointwise/mse"),
    default: || Box::new(Mse::default()),
};

impl Pointwise for Mse {
    fn score(&self, [x, t, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let d = x - t;
        ElementScore { loss: d * d, d: [2.0 * d, -2.0 * d, 0.0, 0.0] }
    }
}
