//! Triplet margin loss, as `burn::nn::loss::TripletMarginLoss`.

use super::{Reduction, or_panic, reduced};
use crate::loss::{BurnLoss, BurnTerm};
use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;

/// The options of a [`TripletMarginLoss`].
#[derive(Config, Debug)]
pub struct TripletMarginLossConfig {
    /// How much farther away the negative has to be than the positive for a loss of 0.
    #[config(default = 1.0)]
    pub margin: f64,
    /// The p of the p-norm; above 0.
    #[config(default = 2.0)]
    pub p: f64,
}

impl TripletMarginLossConfig {
    /// Makes the loss.
    pub fn init(&self) -> TripletMarginLoss {
        TripletMarginLoss { margin: self.margin, p: self.p }
    }
}

/// `max(d(a, p) − d(a, n) + margin, 0)`: [`TripletMargin`](wgloss::TripletMargin).
#[derive(Module, Debug)]
pub struct TripletMarginLoss {
    /// How much farther away the negative has to be than the positive for a loss of 0.
    pub margin: f64,
    /// The p of the p-norm; above 0.
    pub p: f64,
}

impl TripletMarginLoss {
    fn loss(&self) -> wgloss::TripletMargin {
        // Burn adds nothing to the differences; this eps is too small to change any but the tiniest
        let eps = f32::MIN_POSITIVE;
        wgloss::TripletMargin { margin: self.margin as f32, p: self.p as f32, eps, swap: false }
    }

    /// The loss with a reduction. The operands are `[batch_size, embedding_dim]`.
    ///
    /// # Panics
    /// Where [`try_forward`](Self::try_forward) gives an error.
    pub fn forward(
        &self,
        anchor: Tensor<2>,
        positive: Tensor<2>,
        negative: Tensor<2>,
        reduction: Reduction,
    ) -> Tensor<1> {
        or_panic(self.try_forward(anchor, positive, negative, reduction))
    }

    /// The loss with a reduction, or the error.
    ///
    /// # Errors
    /// Every refusal of [`Error`](crate::Error), among them a reduction that the loss does not have.
    pub fn try_forward(
        &self,
        anchor: Tensor<2>,
        positive: Tensor<2>,
        negative: Tensor<2>,
        reduction: Reduction,
    ) -> crate::Result<Tensor<1>> {
        self.loss().term((anchor, positive, negative)).reduce(reduced(&reduction)).loss()
    }

    /// The loss of each row.
    ///
    /// # Panics
    /// On every refusal of [`Error`](crate::Error).
    pub fn forward_no_reduction(&self, anchor: Tensor<2>, positive: Tensor<2>, negative: Tensor<2>) -> Tensor<1> {
        or_panic(self.loss().losses((anchor, positive, negative)))
    }
}
