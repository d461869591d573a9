//! The divergence of a Gaussian from the standard one: the prior term of variational autoencoders.

use crate::leaf::{ElementScore, Pointwise};
use crate::loss::{Denominator, Header, OperandSpec, source};
use crate::math::exp_excess;
use crate::reduction::Reduction;
use crate::role::{Domain, Role};

crate::loss! {
    /// Divergence of the Gaussian of mean `μ` and log variance `lv` from the standard one: `−½·(1 + lv − μ² − e^lv)` for
    /// each element.
    ///
    /// `mu` and `log_var` have one shape and are both differentiable. `batch_mean` divides the sum by the size of the
    /// batch. An [`Extra::Mask`] leaves out what it is zero for.
    ///
    /// Computed as `½·(μ² + (e^lv − 1 − lv))`, neither term of which is negative, the second by a series near 0: a
    /// posterior close to the prior keeps its digits.
    ///
    /// Paper: Kingma & Welling, "Auto-Encoding Variational Bayes", 2014. Neighbours: [`Vae`](crate::Vae), which adds a
    /// reconstruction.
    ///
    /// [`Extra::Mask`]: crate::Extra::Mask
    pub struct GaussianKl of (mu, log_var) as Pointwise {}
}

static HEADER: Header = Header {
    id: "gaussian_kl",
    title: "divergence of a Gaussian from the standard one",
    operands: &[
        OperandSpec::new("mu", Role::Element).differentiable(),
        OperandSpec::new("log_var", Role::Element).differentiable().holding(Domain::Log),
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
