//! Cosine embedding loss, as `burn::nn::loss::CosineEmbeddingLoss`.

use super::{Reduction, or_panic, reduced};
use crate::loss::{BurnLoss, BurnTerm};
use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Int, Tensor};

/// The options of a [`CosineEmbeddingLoss`].
#[derive(Config, Debug)]
pub struct CosineEmbeddingLossConfig {
    /// For a target of −1, a cosine up to this costs nothing.
    #[config(default = 0.0)]
    pub margin: f32,
    /// The reduction over the rows.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl CosineEmbeddingLossConfig {
    /// Makes the loss.
    pub fn init(&self) -> CosineEmbeddingLoss {
        CosineEmbeddingLoss { margin: self.margin, reduction: self.reduction.clone() }
    }
}

/// `1 − cos(a, b)` for a target of 1, `max(cos(a, b) − margin, 0)` for −1: [`CosineEmbedding`](wgloss::CosineEmbedding).
#[derive(Module, Debug)]
pub struct CosineEmbeddingLoss {
    /// For a target of −1, a cosine up to this costs nothing.
    pub margin: f32,
    /// The reduction over the rows.
    #[module(skip)]
    pub reduction: Reduction,
}

impl Default for CosineEmbeddingLoss {
    fn default() -> Self {
        Self::new()
    }
}

impl CosineEmbeddingLoss {
    /// Makes the loss with its default options.
    pub fn new() -> Self {
        CosineEmbeddingLossConfig::new().init()
    }

    fn loss(&self) -> wgloss::CosineEmbedding {
        wgloss::CosineEmbedding { margin: self.margin }
    }

    /// The loss of `[batch_size, embedding_dim]` inputs and a `[batch_size]` target of 1 and −1.
    ///
    /// # Panics
    /// Where [`try_forward`](Self::try_forward) gives an error.
    pub fn forward(&self, input1: Tensor<2>, input2: Tensor<2>, target: Tensor<1, Int>) -> Tensor<1> {
        or_panic(self.try_forward(input1, input2, target))
    }

    /// The loss, or the error.
    ///
    /// # Errors
    /// Every refusal of [`Error`](crate::Error), among them a reduction that the loss does not have.
    pub fn try_forward(
        &self,
        input1: Tensor<2>,
        input2: Tensor<2>,
        target: Tensor<1, Int>,
    ) -> crate::Result<Tensor<1>> {
        self.loss().term((input1, input2, target.float())).reduce(reduced(&self.reduction)).loss()
    }

    /// The loss of each row.
    ///
    /// # Panics
    /// On every refusal of [`Error`](crate::Error).
    pub fn forward_no_reduction(&self, input1: Tensor<2>, input2: Tensor<2>, target: Tensor<1, Int>) -> Tensor<1> {
        or_panic(self.loss().losses((input1, input2, target.float())))
    }
}
