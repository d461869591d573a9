//! The loss of variational autoencoders.

use crate::leaf::{Component, Composite};
use crate::loss::{Denominator, Header, Loss, OperandSpec, source};
use crate::losses::pointwise::{bce_with_logits::BceWithLogits, gaussian_kl::GaussianKl, mse::Mse};
use crate::options::{Range, choice};
use crate::reduction::Reduction;
use crate::role::{Domain, Role};
use std::sync::Arc;

choice! {
    /// The loss of an autoencoder's reconstruction.
    pub enum Reconstruction {
        /// Squared errors.
        Mse = "mse",
        /// Binary cross-entropy: the reconstruction holds logits.
        BceWithLogits = "bce_with_logits",
    }
}

loss! {
    /// Loss of a variational autoencoder: `(Σ reconstruction + β·Σ gaussian_kl) / N`; the reduction `sum` does not
    /// divide by `N`.
    ///
    /// `input`, the reconstruction, and `target` are floats of one shape, `[N, ...]`. `mu` and `log_var`, mean and log
    /// variance of the posterior, are floats of another shape, `[N, ...]`. There is no reduction `none`. The parts of
    /// an outcome are `reconstruction` and `gaussian_kl`. [`Extra::SampleWeight`](crate::Extra::SampleWeight), `[N]`,
    /// multiplies both parts of each item, and the mean divides by the sum of the weights in place of `N`. Gradients:
    /// `input`, `mu`, `log_var`.
    ///
    /// Papers: Kingma and Welling, "Auto-Encoding Variational Bayes", 2014, where β is 1; Higgins et al., "beta-VAE",
    /// 2017, which recommends β above 1 for disentangled codes. See also: the parts, [`Mse`], [`BceWithLogits`] and
    /// [`GaussianKl`], for other sums of them.
    ///
    /// # Example
    /// ```
    /// use wgloss::{Array, Vae, cpu};
    /// let (input, target) = (Array::new(&[1.0f32, 2.0], [1, 2])?, Array::new(&[1.0f32, 0.0], [1, 2])?);
    /// let (mu, log_var) = (Array::new(&[1.0f32], [1, 1])?, Array::new(&[0.0f32], [1, 1])?);
    /// // squared errors of 0 and 4, and a divergence of ½·1²
    /// assert_eq!(cpu::value(&Vae::default().of(&input, &target, &mu, &log_var))?.loss()?, 4.0 + 0.5);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub struct Vae of (input, target, mu, log_var) as Composite {
        /// The loss of the reconstruction.
        pub reconstruction: Reconstruction = Reconstruction::Mse, Range::Any;
        /// The factor β of the divergence from the prior.
        pub beta: f32 = 1.0, Range::AtLeast(0.0);
    }
}

static HEADER: Header = Header {
    id: "vae",
    title: "variational autoencoders",
    operands: &[
        OperandSpec::new("input", Role::Part).differentiable(),
        OperandSpec::new("target", Role::Part).holding(Domain::Probability),
        OperandSpec::new("mu", Role::Part).differentiable(),
        OperandSpec::new("log_var", Role::Part).differentiable().holding(Domain::Log),
        OperandSpec::SAMPLE_WEIGHT,
    ],
    reductions: &[Reduction::Mean, Reduction::Sum],
    mean: Denominator::Count,
    shader: source!("losses/pointwise/gaussian_kl"),
    default: || Box::new(Vae::default()),
};

/// Gives the sample weights of the term to a component.
const SAMPLES: (&str, &str) = ("sample_weight", "sample_weight");

impl Composite for Vae {
    fn components(&self, reduction: Reduction) -> Vec<Component> {
        let item_mean = |name, loss: Arc<dyn Loss>, operands, weight| Component {
            name,
            loss,
            operands,
            weight,
            reduction,
            per_item: true,
        };
        let reconstruction: Arc<dyn Loss> = match self.reconstruction {
            Reconstruction::Mse => Arc::new(Mse::default()),
            Reconstruction::BceWithLogits => Arc::new(BceWithLogits::default()),
        };
        vec![
            item_mean("reconstruction", reconstruction, &[("input", "input"), ("target", "target"), SAMPLES], 1.0),
            item_mean(
                "gaussian_kl",
                Arc::new(GaussianKl::default()),
                &[("mu", "mu"), ("log_var", "log_var"), SAMPLES],
                self.beta,
            ),
        ]
    }
}
