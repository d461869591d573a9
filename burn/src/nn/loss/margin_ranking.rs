//! Margin ranking loss of two scores, as `burn::nn::loss::MarginRankingLoss`.

use super::{Reduction, calls};
use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;

/// The options of a [`MarginRankingLoss`].
#[derive(Config, Debug)]
pub struct MarginRankingLossConfig {
    /// How far apart the scores have to be for a loss of 0; at least 0.
    #[config(default = 0.0)]
    pub margin: f64,
}

impl MarginRankingLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    /// If the margin is below 0.
    pub fn init(&self) -> MarginRankingLoss {
        assert!(self.margin >= 0.0, "Margin for margin ranking loss must be a non-negative number.");
        MarginRankingLoss { margin: self.margin }
    }
}

/// `max(−t·(x₁ − x₂) + margin, 0)` for targets of −1 and 1: [`MarginRanking`](wgloss::MarginRanking).
#[derive(Module, Debug)]
pub struct MarginRankingLoss {
    /// How far apart the scores have to be for a loss of 0; at least 0.
    pub margin: f64,
}

impl MarginRankingLoss {
    fn loss(&self) -> wgloss::MarginRanking {
        wgloss::MarginRanking { margin: self.margin as f32 }
    }
}

calls!(MarginRankingLoss: first, second, target);
