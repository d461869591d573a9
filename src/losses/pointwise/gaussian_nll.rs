//! The negative log-likelihood of a Gaussian with predicted mean and variance.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::options::Range;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Gaussian negative log-likelihood: `½·(log v + (x − t)²/v)` for each element, with the variance
    /// `v = max(var, eps)`.
    ///
    /// `input`, `target` and `var` are floats of one shape: predicted mean, target and predicted variance. With the
    /// reduction `none` the result has the shape of `input`. [`Extra::Mask`], of this shape, leaves out each value
    /// where it is 0. Gradients: `input`, `var`.
    ///
    /// As in PyTorch, the gradient of `var` is the derivative with respect to `v`, even where `v` is `eps`, so that
    /// training can raise a variance that is below `eps`.
    ///
    /// Paper: Nix and Weigend, "Estimating the Mean and Variance of the Target Probability Distribution", 1994.
    /// Reference: `torch.nn.functional.gaussian_nll_loss`. See also: [`Mse`](crate::Mse), for a constant variance.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, GaussianNll, cpu};
    /// let of = |x: f32| Array::new(&[x], [1]);
    /// // ½·(log 1 + (1 − 3)²/1)
    /// assert_eq!(cpu::value(&GaussianNll::default().of(&of(1.0)?, &of(3.0)?, &of(1.0)?))?.loss()?, 2.0);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct GaussianNll of (input, target, var) as Pointwise {
        /// Whether the constant `½·log 2π` is added.
        pub full: bool = false, Range::Any;
        /// The lower bound of the variance, in units of the squared target.
        pub eps: f32 = 1e-6, Range::Above(0.0);
    }
}

static HEADER: Header = Header {
    id: "gaussian_nll",
    title: "negative log-likelihood of a Gaussian",
    operands: &[
        OperandSpec::new("input", Role::Element).differentiable(),
        OperandSpec::new("target", Role::Element),
        OperandSpec::new("var", Role::Element).differentiable().holding(Domain::Positive),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::VALUES,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/gaussian_nll"),
    default: || Box::new(GaussianNll::default()),
};

impl Pointwise for GaussianNll {
    fn score(&self, [x, t, var, _]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        let eps = f64::from(self.eps);
        let (d, v) = (x - t, if var < eps { eps } else { var });
        let constant = if self.full { 0.5 * std::f64::consts::TAU.ln() } else { 0.0 };
        ElementScore { loss: 0.5 * (v.ln() + d * d / v) + constant, d: [d / v, 0.0, 0.5 * (1.0 - d * d / v) / v, 0.0] }
    }
}
