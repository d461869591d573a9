//! Divergence of distributions, as `burn::nn::loss::KLDivLoss`.

use super::{Reduction, calls};
use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;

/// The options of a [`KLDivLoss`].
#[derive(Config, Debug)]
pub struct KLDivLossConfig {
    /// Whether targets are log-probabilities too.
    #[config(default = false)]
    pub log_target: bool,
}

impl KLDivLossConfig {
    /// Makes the loss.
    pub fn init(&self) -> KLDivLoss {
        KLDivLoss { log_target: self.log_target }
    }
}

/// `t·(log t − x)` for log-probabilities `x`: [`KlDiv`](wgloss::KlDiv).
#[derive(Module, Debug)]
pub struct KLDivLoss {
    /// Whether targets are log-probabilities too.
    pub log_target: bool,
}

impl KLDivLoss {
    fn loss(&self) -> wgloss::KlDiv {
        wgloss::KlDiv { log_target: self.log_target }
    }
}

/// `Auto` is the mean over the batch, as the divergence is defined.
fn reduced(reduction: &Reduction) -> wgloss::Reduction {
    match reduction {
        Reduction::Auto => wgloss::Reduction::BatchMean,
        other => super::reduced(other),
    }
}

calls!(KLDivLoss, reduced: predictions, targets);
