//! Mean squared error, as `burn::nn::loss::MseLoss`.

use super::{Reduction, calls};
use burn::module::Module;
use burn::tensor::Tensor;

/// Mean squared error: [`Mse`](wgloss::Mse).
#[derive(Module, Debug)]
pub struct MseLoss;

impl Default for MseLoss {
    fn default() -> Self {
        Self::new()
    }
}

impl MseLoss {
    /// Makes the loss.
    pub fn new() -> Self {
        Self
    }

    fn loss(&self) -> wgloss::Mse {
        wgloss::Mse {}
    }
}

calls!(MseLoss: logits, targets);
