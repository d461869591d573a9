//! Hinge loss of distances, as `burn::nn::loss::HingeEmbeddingLoss`.

use super::{Reduction, calls};
use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;

/// The options of a [`HingeEmbeddingLoss`].
#[derive(Config, Debug)]
pub struct HingeEmbeddingLossConfig {
    /// For a target of −1, a distance of at least this costs nothing.
    #[config(default = 1.0)]
    pub margin: f64,
}

impl HingeEmbeddingLossConfig {
    /// Makes the loss.
    pub fn init(&self) -> HingeEmbeddingLoss {
        HingeEmbeddingLoss { margin: self.margin }
    }
}

/// `x` for a target of 1, `max(margin − x, 0)` for −1: [`HingeEmbedding`](wgloss::HingeEmbedding).
#[derive(Module, Debug)]
pub struct HingeEmbeddingLoss {
    /// For a target of −1, a distance of at least this costs nothing.
    pub margin: f64,
}

impl HingeEmbeddingLoss {
    fn loss(&self) -> wgloss::HingeEmbedding {
        wgloss::HingeEmbedding { margin: self.margin as f32 }
    }
}

calls!(HingeEmbeddingLoss: input, target);
