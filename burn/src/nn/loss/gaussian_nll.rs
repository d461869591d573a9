//! Negative log-likelihood of a normal distribution, as `burn::nn::loss::GaussianNLLLoss`.

use super::{Reduction, calls};
use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;

/// The options of a [`GaussianNLLLoss`].
#[derive(Config, Debug)]
pub struct GaussianNLLLossConfig {
    /// A variance below this counts as this.
    #[config(default = 1e-6)]
    pub eps: f64,
    /// Whether to add the constant `log(2π)/2`.
    #[config(default = false)]
    pub full: bool,
}

impl GaussianNLLLossConfig {
    /// Makes the loss.
    pub fn init(&self) -> GaussianNLLLoss {
        GaussianNLLLoss { eps: self.eps, full: self.full }
    }
}

/// `(log v + (x − t)²/v)/2` for variances `v`: [`GaussianNll`](wgloss::GaussianNll).
#[derive(Module, Debug)]
pub struct GaussianNLLLoss {
    /// A variance below this counts as this.
    pub eps: f64,
    /// Whether to add the constant `log(2π)/2`.
    pub full: bool,
}

impl GaussianNLLLoss {
    fn loss(&self) -> wgloss::GaussianNll {
        wgloss::GaussianNll { full: self.full, eps: self.eps as f32 }
    }
}

calls!(GaussianNLLLoss: input, target, var);
