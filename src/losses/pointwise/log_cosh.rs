//! The log of the hyperbolic cosine of the error.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::reduction::Reduction;

loss! {
    /// Log-cosh loss: `log cosh(x − t)` for each element. The loss is about `d²/2` for small `d = |x − t|`, and about
    /// `d − log 2` for large `d`.
    ///
    #[doc = paired!()]
    ///
    /// For `d` of 1 or more, the loss is computed as `d + log1p(exp(−2d)) − log 2`, which does not overflow. Below 1 it
    /// is computed as `log1p(2·sinh²(d/2))`, which keeps the digits of small errors. The derivative is `tanh(x − t)`.
    ///
    /// Paper: Saleh and Saleh, "Statistical Properties of the log-cosh Loss Function Used in Machine Learning", 2022.
    /// See also: [`Huber`](crate::Huber), which has a similar shape.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, LogCosh, cpu};
    /// // cosh(1000) is infinite, its log is not
    /// let (input, target) = (Array::new(&[1000.0f32], [1])?, Array::new(&[0.0f32], [1])?);
    /// let loss = cpu::value(&LogCosh::default().of(&input, &target))?.loss()?;
    /// assert!((loss - (1000.0 - 2f64.ln())).abs() < 1e-9);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
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
