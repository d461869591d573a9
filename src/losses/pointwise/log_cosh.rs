//! The log of the hyperbolic cosine of the error.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::reduction::Reduction;

crate::loss! {
    /// Log-cosh loss: `log cosh(x − t)` for each element.
    ///
    /// `input` and `target` have one shape and are both differentiable. By an optional [`Extra::Weight`] `none` and `sum`
    /// are multiplied, a mean being `Σ w·l / Σ w`. An [`Extra::Mask`] leaves out what it is zero for.
    ///
    /// With `d = |x − t|` it is computed as `d + log1p(exp(−2d)) − log 2`, which does not overflow, and below 1 as
    /// `log1p(2·sinh²(d/2))`, which keeps the digits of small errors; the derivative is `tanh`, from `expm1`.
    ///
    /// Neighbours: [`Huber`](crate::Huber), which it resembles: `d²/2` near 0, `d − log 2` far out.
    ///
    /// [`Extra::Weight`]: crate::Extra::Weight
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct LogCosh of (input, target) as Pointwise {}
}

static HEADER: Header = Header {
    id: "log_cosh",
    title: "log of the hyperbolic cosine of the error",
    operands: &OperandSpec::PAIRED,
    reductions: Reduction::VALUES,
    mean: Denominator::Weights,
    shader: source!("losses/pointwise/log_cosh"),
    default: || Box::new(LogCosh::default()),
};

impl Pointwise for LogCosh {
    fn score(&self, [x, t, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let (d, size) = (x - t, (x - t).abs());
        let loss = match size < 1.0 {
            true => (2.0 * (size / 2.0).sinh().powi(2)).ln_1p(),
            false => size + (-2.0 * size).exp().ln_1p() - std::f64::consts::LN_2,
        };
        ElementScore { loss, d: [d.tanh(), -d.tanh(), 0.0, 0.0] }
    }
}
