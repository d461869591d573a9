//! The negative log-likelihood of Poisson counts.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Poisson negative log-likelihood: `e^x − t·x` for each element, where `x` is the log of the rate. Without
    /// `log_input`, `x` is the rate, and the loss is `x − t·log(x + eps)`.
    ///
    /// `input` and `target` are floats of one shape; targets are counts. With the reduction `none` the result has the
    /// shape of `input`. `full` adds Stirling's approximation of `log t!`, `t·log t − t + ½·log(2πt)`, where `t > 1`.
    /// [`Extra::Mask`], of the input's shape, leaves out each value where it is 0. Gradients: `input`.
    ///
    /// Reference: `torch.nn.functional.poisson_nll_loss`. See also: [`GaussianNll`](crate::GaussianNll).
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, PoissonNll, cpu};
    /// let (input, target) = (Array::new(&[0.0f32], [1])?, Array::new(&[2.0f32], [1])?);
    /// // e⁰ − 2·0
    /// assert_eq!(cpu::value(&PoissonNll::default().of(&input, &target))?.loss()?, 1.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct PoissonNll of (input, target) as Pointwise {
        /// Whether the input is the log of the rate.
        pub log_input: bool = true, Range::Any;
        /// Whether Stirling's approximation of `log t!` is added, which does not depend on the input.
        pub full: bool = false, Range::Any;
        /// A number that is added to the rate before its log is taken, in units of the rate. It has no effect with
        /// `log_input`.
        pub eps: f32 = 1e-8, Range::Above(0.0);
    }
}

static HEADER: Header = Header {
    id: "poisson_nll",
    title: "negative log-likelihood of counts",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable().holding(Domain::Positive),
        OperandSpec::new("target", Role::Element).holding(Domain::Positive),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/poisson_nll"),
    default: || Box::new(PoissonNll::default()),
};

impl Pointwise for PoissonNll {
    fn score(&self, [x, t, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let rate = x + f64::from(self.eps);
        let stirling = t * (t.ln() - 1.0) + 0.5 * (std::f64::consts::TAU * t).ln();
        let (loss, slope) = match self.log_input {
            true => (x.exp() - t * x, x.exp() - t),
            false => (x - t * rate.ln(), 1.0 - t / rate),
        };
        ElementScore { loss: loss + if self.full && t > 1.0 { stirling } else { 0.0 }, d: [slope, 0.0, 0.0, 0.0] }
    }
}
