//! Huber loss, as `burn::nn::loss::HuberLoss`.

use super::{Reduction, calls};
use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;

/// The options of a [`HuberLoss`].
#[derive(Config, Debug)]
pub struct HuberLossConfig {
    /// The error at which the parabola becomes a line; above 0.
    pub delta: f32,
}

impl HuberLossConfig {
    /// Makes the loss.
    pub fn init(&self) -> HuberLoss {
        HuberLoss { delta: self.delta, lin_bias: self.delta * self.delta * 0.5 }
    }
}

/// Squared error near 0, absolute error beyond: [`Huber`](wgloss::Huber).
#[derive(Module, Debug)]
pub struct HuberLoss {
    /// The error at which the parabola becomes a line; above 0.
    pub delta: f32,
    /// `delta²/2`. Burn's module has this field; here it is not used.
    pub lin_bias: f32,
}

impl HuberLoss {
    fn loss(&self) -> wgloss::Huber {
        wgloss::Huber { delta: self.delta }
    }

    /// The loss of each residual.
    ///
    /// # Panics
    /// On every refusal of [`Error`](crate::Error).
    pub fn forward_residuals<const D: usize>(&self, residuals: Tensor<D>) -> Tensor<D> {
        let zeros = residuals.zeros_like();
        self.forward_no_reduction(residuals, zeros)
    }
}

calls!(HuberLoss: predictions, targets);
