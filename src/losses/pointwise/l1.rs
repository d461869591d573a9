//! Mean absolute error.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::sign;
use crate::reduction::Reduction;

loss! {
    /// Mean absolute error: `|x − t|` for each element.
    ///
    #[doc = paired!()]
    ///
    /// The derivative at 0 is 0. The difference of two equal infinities is NaN.
    ///
    /// Reference: `torch.nn.functional.l1_loss`. See also: [`SmoothL1`](crate::SmoothL1) and [`Huber`](crate::Huber),
    /// which are smooth at 0; [`Quantile`](crate::Quantile).
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, L1, cpu};
    /// let input = Array::new(&[1.0f32, 2.0], [2])?;
    /// let target = Array::new(&[4.0f32, 2.0], [2])?;
    /// assert_eq!(cpu::value(&L1::default().of(&input, &target))?.loss()?, (3.0 + 0.0) / 2.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct L1 of (input, target) as Pointwise {}
}

static HEADER: Header = Header {
    id: "l1",
    title: "mean absolute error",
    operands: &OperandSpec::PAIRED,
    reductions: Reduction::VALUES,
    mean: Denominator::Weights,
    shader: source!("losses/pointwise/l1"),
    default: || Box::new(L1::default()),
};

impl Pointwise for L1 {
    fn score(&self, [x, t, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let d = x - t;
        ElementScore { loss: d.abs(), d: [sign(d), -sign(d), 0.0, 0.0] }
    }
}
