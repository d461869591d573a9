//! The losses of `burn::nn::loss`, with Burn's names and signatures: to switch, change the import.
//!
//! ```no_run
//! # use burn::tensor::{Int, Tensor};
//! # fn step(logits: Tensor<2>, targets: Tensor<1, Int>) {
//! use wgloss_burn::nn::loss::CrossEntropyLossConfig; // was burn::nn::loss::CrossEntropyLossConfig
//! let loss = CrossEntropyLossConfig::new().init(&logits.device()).forward(logits, targets);
//! # }
//! ```
//!
//! `forward` panics where Burn's does, and on every other [`Error`](crate::Error), as Burn's tensors do. `try_forward`
//! returns the error instead. The device comes from [`init`](crate::init).
//!
//! # Where the results differ from Burn's
//!
//! - **Shapes**: operands must have equal shapes. Burn broadcasts some, often by mistake.
//! - **Labels** out of range count as ignored, and a [`Report`](crate::Report) finds them. Burn reads whatever lies there
//!   in memory.
//! - **`CrossEntropyLoss`** with `logits = false` and `smoothing`: probabilities are taken to add up to 1.
//! - **`HuberLoss`** needs a `delta` above 0.
//! - **`PoissonNllLoss`** does not check for negative values. Burn does, and waits for the device at each call. With
//!   `full`, Stirling's term is added for targets above 1, as in Burn.
//! - **`LpLoss`** is Burn's own for a `p` other than 1 and 2. `CTCLoss` and `RNNTLoss` are always Burn's own.
//! - The loss is always f32, also that of f16 tensors. Gradients have the operand's type.
//! - `f64` options are rounded to f32.

mod binary_cross_entropy;
mod cosine_embedding;
mod cross_entropy;
mod gaussian_nll;
mod hinge_embedding;
mod huber;
mod kldiv;
mod lp_loss;
mod margin_ranking;
mod mse;
mod multi_margin;
mod poisson;
mod smooth_l1;
mod soft_margin;
mod triplet_margin;

pub use binary_cross_entropy::{BinaryCrossEntropyLoss, BinaryCrossEntropyLossConfig};
pub use burn::nn::loss::{CTCLoss, CTCLossConfig, RNNTLoss, RNNTLossConfig, Reduction};
pub use cosine_embedding::{CosineEmbeddingLoss, CosineEmbeddingLossConfig};
pub use cross_entropy::{CrossEntropyLoss, CrossEntropyLossConfig};
pub use gaussian_nll::{GaussianNLLLoss, GaussianNLLLossConfig};
pub use hinge_embedding::{HingeEmbeddingLoss, HingeEmbeddingLossConfig};
pub use huber::{HuberLoss, HuberLossConfig};
pub use kldiv::{KLDivLoss, KLDivLossConfig};
pub use lp_loss::{LpLoss, LpLossConfig};
pub use margin_ranking::{MarginRankingLoss, MarginRankingLossConfig};
pub use mse::MseLoss;
pub use multi_margin::{MultiMarginLoss, MultiMarginLossConfig};
pub use poisson::{PoissonNllLoss, PoissonNllLossConfig};
pub use smooth_l1::{SmoothL1Loss, SmoothL1LossConfig};
pub use soft_margin::SoftMarginLoss;
pub use triplet_margin::{TripletMarginLoss, TripletMarginLossConfig};

use crate::error::Result;
use wgloss::Reduction as Reduced;

/// The wgloss reduction for one of Burn's. A loss refuses a reduction that it does not have.
fn reduced(reduction: &Reduction) -> Reduced {
    match reduction {
        Reduction::Mean | Reduction::Auto => Reduced::Mean,
        Reduction::Sum => Reduced::Sum,
        Reduction::BatchMean => Reduced::BatchMean,
    }
}

/// Returns the result of a `try_` call, or panics with its error.
#[track_caller]
fn or_panic<T>(result: Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

/// Writes the calls of a module whose operands are floats of equal shape. The module's method `loss` returns the wgloss
/// loss.
macro_rules! calls {
    ($module:ident: $($operand:ident),+) => {
        super::calls!($module, super::reduced: $($operand),+);
    };
    ($module:ident, $reduced:path: $($operand:ident),+) => {
        impl $module {
            /// The loss with a reduction. The operands have equal shapes.
            ///
            /// # Panics
            /// Where [`try_forward`](Self::try_forward) gives an error.
            pub fn forward<const D: usize>(&self, $($operand: Tensor<D>,)+ reduction: Reduction) -> Tensor<1> {
                super::or_panic(self.try_forward($($operand,)+ reduction))
            }

            /// The loss with a reduction, or the error.
            ///
            /// # Errors
            /// Every refusal of [`Error`](crate::Error), among them a reduction that the loss does not have.
            pub fn try_forward<const D: usize>(
                &self,
                $($operand: Tensor<D>,)+
                reduction: Reduction,
            ) -> crate::Result<Tensor<1>> {
                use $crate::{BurnLoss as _, BurnTerm as _};
                self.loss().term(($($operand,)+)).reduce($reduced(&reduction)).loss()
            }

            /// The loss of each element.
            ///
            /// # Panics
            /// Where [`try_forward_no_reduction`](Self::try_forward_no_reduction) gives an error.
            pub fn forward_no_reduction<const D: usize>(&self, $($operand: Tensor<D>),+) -> Tensor<D> {
                super::or_panic(self.try_forward_no_reduction($($operand),+))
            }

            /// The loss of each element, or the error.
            ///
            /// # Errors
            /// Every refusal of [`Error`](crate::Error).
            pub fn try_forward_no_reduction<const D: usize>(
                &self,
                $($operand: Tensor<D>),+
            ) -> crate::Result<Tensor<D>> {
                use $crate::BurnLoss as _;
                self.loss().losses(($($operand,)+))
            }
        }
    };
}

use calls;
