//! Mean absolute error.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::sign;
use crate::reduction::Reduction;

crate::loss! {
    /// Mean absolute error: `|x − t|` for each element.
    ///
    /// `input` and `target` have one shape and are both differentiable. By an optional [`Extra::Weight`] `none` and `sum`
    /// are multiplied, a mean being `Σ w·l / Σ w`. An [`Extra::Mask`] leaves out what it is zero for.
    ///
    /// The derivative at 0 is 0. A difference of two equal infinities is NaN.
    ///
    /// Reference: `torch.nn.functional.l1_loss`. Neighbours: [`SmoothL1`](crate::SmoothL1) and [`Huber`](crate::Huber),
    /// which are smooth at 0; [`Quantile`](crate::Quantile).
    ///
    /// [`Extra::Weight`]: crate::Extra::Weight
    /// [`Extra::Mask`]: crate::Extra::Mask
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
