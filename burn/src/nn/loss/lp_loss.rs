//! A power of the error, as `burn::nn::loss::LpLoss`.

use super::{Reduction, or_panic, reduced};
use crate::loss::{BurnLoss, BurnTerm};
use burn::config::Config;
use burn::module::Module;
use burn::tensor::{AsIndex, Tensor};

/// The options of an [`LpLoss`].
#[derive(Config, Debug)]
pub struct LpLossConfig {
    /// The power; above 0.
    pub p: f64,
}

impl LpLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    /// If `p` is not above 0.
    pub fn init(&self) -> LpLoss {
        assert!(self.p > 0.0, "The order of the norm p must be positive.");
        LpLoss { p: self.p }
    }

    /// The absolute error.
    pub fn l1() -> LpLoss {
        LpLoss { p: 1.0 }
    }

    /// The squared error.
    pub fn l2() -> LpLoss {
        LpLoss { p: 2.0 }
    }
}

/// `|x − t|^p`: [`L1`](wgloss::L1) or [`Mse`](wgloss::Mse). For every other power this calls Burn's own loss.
#[derive(Module, Debug)]
pub struct LpLoss {
    /// The power; above 0.
    pub p: f64,
}

impl LpLoss {
    /// The loss with a reduction.
    ///
    /// # Panics
    /// Where [`try_forward`](Self::try_forward) gives an error.
    pub fn forward<const D: usize>(
        &self,
        predictions: Tensor<D>,
        targets: Tensor<D>,
        reduction: Reduction,
    ) -> Tensor<1> {
        or_panic(self.try_forward(predictions, targets, reduction))
    }

    /// The loss with a reduction, or the error.
    ///
    /// # Errors
    /// Every refusal of [`Error`](crate::Error), among them a reduction that the loss does not have.
    pub fn try_forward<const D: usize>(
        &self,
        predictions: Tensor<D>,
        targets: Tensor<D>,
        reduction: Reduction,
    ) -> crate::Result<Tensor<1>> {
        let operands = (predictions, targets);
        match self.p {
            1.0 => wgloss::L1::default().term(operands).reduce(reduced(&reduction)).loss(),
            2.0 => wgloss::Mse::default().term(operands).reduce(reduced(&reduction)).loss(),
            p => Ok(burn::nn::loss::LpLoss { p }.forward(operands.0, operands.1, reduction)),
        }
    }

    /// The loss of each element.
    ///
    /// # Panics
    /// Where [`try_forward_no_reduction`](Self::try_forward_no_reduction) gives an error.
    pub fn forward_no_reduction<const D: usize>(&self, predictions: Tensor<D>, targets: Tensor<D>) -> Tensor<D> {
        or_panic(self.try_forward_no_reduction(predictions, targets))
    }

    /// The loss of each element, or the error.
    ///
    /// # Errors
    /// Every refusal of [`Error`](crate::Error).
    pub fn try_forward_no_reduction<const D: usize>(
        &self,
        predictions: Tensor<D>,
        targets: Tensor<D>,
    ) -> crate::Result<Tensor<D>> {
        match self.p {
            1.0 => wgloss::L1::default().losses((predictions, targets)),
            2.0 => wgloss::Mse::default().losses((predictions, targets)),
            p => Ok(burn::nn::loss::LpLoss { p }.forward_no_reduction(predictions, targets)),
        }
    }

    /// The mean over the axes `dims`, which stay as axes of length 1.
    ///
    /// # Panics
    /// Where [`try_forward_no_reduction`](Self::try_forward_no_reduction) gives an error.
    pub fn forward_reduce_dims<const D: usize>(
        &self,
        predictions: Tensor<D>,
        targets: Tensor<D>,
        dims: &[impl AsIndex],
    ) -> Tensor<D> {
        self.forward_no_reduction(predictions, targets).mean_dims(dims)
    }
}
