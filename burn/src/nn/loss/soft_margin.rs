//! Soft margin loss, as `burn::nn::loss::SoftMarginLoss`.

use super::{Reduction, calls};
use burn::module::Module;
use burn::tensor::Tensor;

/// `log(1 + exp(−t·x))` for targets of −1 and 1: [`SoftMargin`](wgloss::SoftMargin).
#[derive(Module, Debug)]
pub struct SoftMarginLoss;

impl Default for SoftMarginLoss {
    fn default() -> Self {
        Self::new()
    }
}

impl SoftMarginLoss {
    /// Makes the loss.
    pub fn new() -> Self {
        Self
    }

    fn loss(&self) -> wgloss::SoftMargin {
        wgloss::SoftMargin {}
    }
}

calls!(SoftMarginLoss: logits, targets);
