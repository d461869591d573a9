//! Mean squared error.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::reduction::Reduction;

loss! {
    /// Mean squared error: `(x − t)²` for each element.
    ///
    #[doc = paired!()]
    ///
    /// The difference of two equal infinities is NaN, as in IEEE arithmetic. The kernel ensures this even where a
    /// shader compiler would fold the difference to 0.
    ///
    /// Reference: `torch.nn.functional.mse_loss`. See also: [`Diffusion`](crate::Diffusion), which builds its target
    /// from noise and sample.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, Mse, cpu};
    /// let input = Array::new(&[1.0f32, 2.0], [2])?;
    /// let target = Array::new(&[1.0f32, 4.0], [2])?;
    /// let (out, [gradient]) = cpu::gradients(&Mse::default().of(&input, &target), [&input])?;
    /// assert_eq!(out.loss()?, (0.0 + 4.0) / 2.0);
    /// assert_eq!(gradient.to_f64(), [0.0, -2.0]);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
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
