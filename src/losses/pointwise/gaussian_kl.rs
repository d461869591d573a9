//! The divergence of a Gaussian from the standard Gaussian: the prior term of variational autoencoders.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::exp_excess;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

loss! {
    /// Kullback-Leibler divergence of a Gaussian with mean `μ` and log variance `v` from the standard Gaussian:
    /// `−½·(1 + v − μ² − e^v)` for each element.
    ///
    /// `mu` and `log_var` are floats of one shape. With the reduction `none` the result has the shape of `mu`.
    /// `batch_mean` divides the sum by the length of axis 0. [`Extra::Mask`], of this shape, leaves out each value
    /// where it is 0. Gradients: `mu`, `log_var`.
    ///
    /// The loss is computed as `½·(μ² + (e^v − 1 − v))`. Neither term is negative, and the second is a series near 0,
    /// so that the loss of a posterior close to the prior keeps its digits.
    ///
    /// Paper: Kingma and Welling, "Auto-Encoding Variational Bayes", 2014. See also: [`Vae`](crate::Vae), which adds a
    /// reconstruction.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, GaussianKl, cpu};
    /// // variance 1 and a mean that is 1 away from the prior's: ½·1²
    /// let (mu, log_var) = (Array::new(&[1.0f32], [1])?, Array::new(&[0.0f32], [1])?);
    /// assert_eq!(cpu::value(&GaussianKl::default().of(&mu, &log_var))?.loss()?, 0.5);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct GaussianKl of (mu, log_var) as Pointwise {}
}

static HEADER: Header = Header {
    id: "gaussian_kl",
    title: "divergence of a Gaussian from the standard one",
    operands: &[
        OperandSpec::new("mu", Role::Element).differentiable(),
        OperandSpec::new("log_var", Role::Element).differentiable().holding(Domain::Log),
        OperandSpec::SAMPLE_WEIGHT,
        OperandSpec::MASK,
    ],
    reductions: Reduction::BATCHED,
    mean: Denominator::Count,
    shader: source!("losses/pointwise/gaussian_kl"),
    default: || Box::new(GaussianKl::default()),
};

impl Pointwise for GaussianKl {
    fn score(&self, [mu, log_var, ..]: [f64; 4], _item: [f64; 3]) -> ElementScore {
        ElementScore { loss: 0.5 * (mu * mu + exp_excess(log_var)), d: [mu, 0.5 * log_var.exp_m1(), 0.0, 0.0] }
    }
}
