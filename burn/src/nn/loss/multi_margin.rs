//! Multi-class margin loss, as `burn::nn::loss::MultiMarginLoss`.

use super::{Reduction, or_panic, reduced};
use crate::loss::{BurnLoss, BurnTerm};
use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Int, Tensor};

/// The options of a [`MultiMarginLoss`].
#[derive(Config, Debug)]
pub struct MultiMarginLossConfig {
    /// How far the label's score has to be above the others for a loss of 0; at least 0.
    #[config(default = 1.0)]
    pub margin: f64,
    /// The power to which a missing margin is raised, 1 or 2.
    #[config(default = 1)]
    pub p: i32,
}

impl MultiMarginLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    /// If the margin is below 0, or `p` is not 1 or 2.
    pub fn init(&self) -> MultiMarginLoss {
        let Self { margin, p } = *self;
        assert!(margin >= 0.0, "Margin for multi margin loss must be non-negative, got {margin}");
        assert!(p == 1 || p == 2, "Multi margin loss only supports p = 1 or p = 2, got {p}");
        MultiMarginLoss { margin, p }
    }
}

/// `Σ max(margin − x[t] + x[i], 0)^p / C` over the other classes: [`MultiMargin`](wgloss::MultiMargin).
#[derive(Module, Debug)]
pub struct MultiMarginLoss {
    /// How far the label's score has to be above the others for a loss of 0; at least 0.
    pub margin: f64,
    /// The power to which a missing margin is raised, 1 or 2.
    pub p: i32,
}

impl MultiMarginLoss {
    fn loss(&self) -> wgloss::MultiMargin {
        wgloss::MultiMargin { p: self.p, margin: self.margin as f32 }
    }

    /// The loss of `[batch_size, num_classes]` scores and `[batch_size]` labels with a reduction.
    ///
    /// # Panics
    /// Where [`try_forward`](Self::try_forward) gives an error.
    pub fn forward(&self, input: Tensor<2>, target: Tensor<1, Int>, reduction: Reduction) -> Tensor<1> {
        or_panic(self.try_forward(input, target, reduction))
    }

    /// The loss with a reduction, or the error.
    ///
    /// # Errors
    /// Every refusal of [`Error`](crate::Error), among them a reduction that the loss does not have.
    pub fn try_forward(
        &self,
        input: Tensor<2>,
        target: Tensor<1, Int>,
        reduction: Reduction,
    ) -> crate::Result<Tensor<1>> {
        self.loss().term((input, target)).reduce(reduced(&reduction)).loss()
    }

    /// The loss of each row.
    ///
    /// # Panics
    /// On every refusal of [`Error`](crate::Error).
    pub fn forward_no_reduction(&self, input: Tensor<2>, target: Tensor<1, Int>) -> Tensor<1> {
        or_panic(self.loss().losses((input, target)))
    }
}
