//! Smooth L1 loss, as `burn::nn::loss::SmoothL1Loss`.

use super::{Reduction, or_panic, reduced};
use crate::loss::{BurnLoss, BurnTerm};
use burn::config::Config;
use burn::module::Module;
use burn::tensor::{AsIndex, Tensor};

/// The options of a [`SmoothL1Loss`].
#[derive(Config, Debug)]
pub struct SmoothL1LossConfig {
    /// The error at which the parabola becomes a line; above 0.
    #[config(default = 1.0)]
    pub beta: f32,
}

impl SmoothL1LossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    /// If `beta` is not above 0.
    pub fn init(&self) -> SmoothL1Loss {
        assert!(self.beta > 0.0, "The parameter beta must be positive.");
        SmoothL1Loss { beta: self.beta }
    }
}

/// Absolute error, with a parabola near 0: [`SmoothL1`](wgloss::SmoothL1). As in Burn, `forward` does not reduce.
#[derive(Module, Debug)]
pub struct SmoothL1Loss {
    /// The error at which the parabola becomes a line; above 0.
    pub beta: f32,
}

impl SmoothL1Loss {
    fn loss(&self) -> wgloss::SmoothL1 {
        wgloss::SmoothL1 { beta: self.beta }
    }

    /// The loss of each element.
    ///
    /// # Panics
    /// Where [`try_forward`](Self::try_forward) gives an error.
    pub fn forward<const D: usize>(&self, predictions: Tensor<D>, targets: Tensor<D>) -> Tensor<D> {
        or_panic(self.try_forward(predictions, targets))
    }

    /// The loss of each element, or the error.
    ///
    /// # Errors
    /// Every refusal of [`Error`](crate::Error).
    pub fn try_forward<const D: usize>(&self, predictions: Tensor<D>, targets: Tensor<D>) -> crate::Result<Tensor<D>> {
        self.loss().losses((predictions, targets))
    }

    /// The loss with a reduction.
    ///
    /// # Panics
    /// Where [`try_forward_with_reduction`](Self::try_forward_with_reduction) gives an error.
    pub fn forward_with_reduction<const D: usize>(
        &self,
        predictions: Tensor<D>,
        targets: Tensor<D>,
        reduction: Reduction,
    ) -> Tensor<1> {
        or_panic(self.try_forward_with_reduction(predictions, targets, reduction))
    }

    /// The loss with a reduction, or the error.
    ///
    /// # Errors
    /// Every refusal of [`Error`](crate::Error), among them a reduction that the loss does not have.
    pub fn try_forward_with_reduction<const D: usize>(
        &self,
        predictions: Tensor<D>,
        targets: Tensor<D>,
        reduction: Reduction,
    ) -> crate::Result<Tensor<1>> {
        self.loss().term((predictions, targets)).reduce(reduced(&reduction)).loss()
    }

    /// The mean over the axes `dims`, which stay as axes of length 1.
    ///
    /// # Panics
    /// Where [`try_forward`](Self::try_forward) gives an error.
    pub fn forward_reduce_dims<const D: usize>(
        &self,
        predictions: Tensor<D>,
        targets: Tensor<D>,
        dims: &[impl AsIndex],
    ) -> Tensor<D> {
        self.forward(predictions, targets).mean_dims(dims)
    }
}
