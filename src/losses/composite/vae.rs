//! The loss of variational autoencoders.

use crate::leaf::{Component, Composite};
use crate::loss::{Denominator, Header, Loss, OperandSpec, source};
use crate::losses::pointwise::{bce_with_logits::BceWithLogits, gaussian_kl::GaussianKl, mse::Mse};
use crate::options::{Range, choice};
use crate::reduction::Reduction;
use crate::role::{Domain, Role};
use std::sync::Arc;

choice! {
    /// How an autoencoder's reconstruction is judged.
    pub enum Reconstruction {
        /// By squared errors.
        Mse = "mse",
        /// As logits of probabilities.
        BceWithLogits = "bce_with_logits",
    }
}

crate::loss! {
    /// Variational autoencoder's loss: `(Σ reconstruction + β·Σ gaussian_kl) / N`, for `sum` without the `/ N`.
    ///
    /// `input`, the reconstruction, and `target` have one shape `[N, ...]`; `mu` and `log_var`, the posterior's, have
    /// another, of the same batch `N`. All but the target are differentiable. There is no `none`. The parts of an outcome are `reconstruction` and
    /// `gaussian_kl`.
    ///
    /// Papers: Kingma & Welling, "Auto-Encoding Variational Bayes", 2014; β as in Higgins et al., "beta-VAE", 2017.
    /// Neighbours: its parts, [`Mse`], [`BceWithLogits`] and [`GaussianKl`], for another sum of them.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) where `target` has not the shape of `input`, `log_var` that of
    /// `mu`, or `mu` another batch than `input`; [`Error::InvalidOption`](crate::Error::InvalidOption) for `none`.
    pub struct Vae of (input, target, mu, log_var) as Composite {
        /// How the reconstruction is judged.
        pub reconstruction: Reconstruction = Reconstruction::Mse, Range::Any;
        /// The factor of the divergence from the prior.
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
    ],
    reductions: &[Reduction::Mean, Reduction::Sum],
    mean: Denominator::Count,
    shader: source!("losses/pointwise/gaussian_kl"),
    default: || Box::new(Vae::default()),
};

impl Composite for Vae {
    fn components(&self, reduction: Reduction) -> Vec<Component> {
        let summed = |name, loss: Arc<dyn Loss>, operands, weight| Component {
            name,
            loss,
            operands,
            weight,
            reduction: Reduction::Sum,
            per_item: reduction == Reduction::Mean,
        };
        let reconstruction: Arc<dyn Loss> = match self.reconstruction {
            Reconstruction::Mse => Arc::new(Mse::default()),
            Reconstruction::BceWithLogits => Arc::new(BceWithLogits::default()),
        };
        vec![
            summed("reconstruction", reconstruction, &[("input", "input"), ("target", "target")], 1.0),
            summed("gaussian_kl", Arc::new(GaussianKl::default()), &[("mu", "mu"), ("log_var", "log_var")], self.beta),
        ]
    }
}
