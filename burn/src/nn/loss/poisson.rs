//! Negative log-likelihood of counts, as `burn::nn::loss::PoissonNllLoss`.

use super::{Reduction, calls};
use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;

/// The options of a [`PoissonNllLoss`].
#[derive(Config, Debug)]
pub struct PoissonNllLossConfig {
    /// Whether predictions are logs of rates.
    #[config(default = true)]
    pub log_input: bool,
    /// Whether to add Stirling's term.
    #[config(default = false)]
    pub full: bool,
    /// Added to a rate before its log is taken; above 0.
    #[config(default = 1e-8)]
    pub eps: f64,
}

impl PoissonNllLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    /// If `eps` is not above 0.
    pub fn init(&self) -> PoissonNllLoss {
        assert!(self.eps > 0.0, "eps for PoissonNllLoss must be a positive number.");
        PoissonNllLoss { log_input: self.log_input, full: self.full, eps: self.eps }
    }
}

/// `exp(x) − t·x`, or `x − t·log(x + eps)` without `log_input`: [`PoissonNll`](wgloss::PoissonNll).
#[derive(Module, Debug)]
pub struct PoissonNllLoss {
    /// Whether predictions are logs of rates.
    pub log_input: bool,
    /// Whether to add Stirling's term.
    pub full: bool,
    /// Added to a rate before its log is taken; above 0.
    pub eps: f64,
}

impl PoissonNllLoss {
    fn loss(&self) -> wgloss::PoissonNll {
        wgloss::PoissonNll { log_input: self.log_input, full: self.full, eps: self.eps as f32 }
    }
}

calls!(PoissonNllLoss: predictions, targets);
