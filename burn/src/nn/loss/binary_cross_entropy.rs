//! Binary cross-entropy, as `burn::nn::loss::BinaryCrossEntropyLoss`.

use super::cross_entropy::refuse;
use super::or_panic;
use crate::loss::{BurnLoss, BurnTerm};
use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use wgloss::Extra;

/// The options of a [`BinaryCrossEntropyLoss`].
#[derive(Config, Debug)]
pub struct BinaryCrossEntropyLossConfig {
    /// A weight for each class of the last axis. If there is one axis, a weight for each of the targets 0 and 1. Above 0.
    pub weights: Option<Vec<f32>>,
    /// The fraction of the target that is spread evenly over the classes; from 0 to 1.
    pub smoothing: Option<f32>,
    /// Whether inputs are logits rather than probabilities.
    #[config(default = false)]
    pub logits: bool,
}

impl BinaryCrossEntropyLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    /// If the smoothing is outside `[0, 1]`, or a weight is not above 0.
    pub fn init(&self, device: &Device) -> BinaryCrossEntropyLoss {
        refuse(self.smoothing, self.weights.as_deref());
        BinaryCrossEntropyLoss {
            weights: self.weights.as_deref().map(|weights| Tensor::from_floats(weights, device)),
            smoothing: self.smoothing,
            logits: self.logits,
        }
    }
}

/// Cross-entropy of independent yes-or-no targets: [`BceWithLogits`](wgloss::BceWithLogits), or [`Bce`](wgloss::Bce) of
/// probabilities.
///
/// For targets between 0 and 1, or for a weight of the positive targets, call [`BceWithLogits`](wgloss::BceWithLogits)
/// itself.
#[derive(Module, Debug)]
pub struct BinaryCrossEntropyLoss {
    /// A weight for each class of the last axis. If there is one axis, a weight for each of the targets 0 and 1.
    pub weights: Option<Tensor<1>>,
    /// The fraction of the target that is spread evenly over the classes.
    pub smoothing: Option<f32>,
    /// Whether inputs are logits rather than probabilities.
    pub logits: bool,
}

impl BinaryCrossEntropyLoss {
    /// The mean loss of inputs and targets of equal shape. Each target is 0 or 1.
    ///
    /// # Panics
    /// Where [`try_forward`](Self::try_forward) gives an error.
    pub fn forward<const D: usize>(&self, logits: Tensor<D>, targets: Tensor<D, Int>) -> Tensor<1> {
        or_panic(self.try_forward(logits, targets))
    }

    /// The mean loss, or the error.
    ///
    /// # Errors
    /// Every refusal of [`Error`](crate::Error).
    pub fn try_forward<const D: usize>(&self, logits: Tensor<D>, targets: Tensor<D, Int>) -> crate::Result<Tensor<1>> {
        let shape = targets.dims();
        let mut answers = targets.clone().float();
        if let Some(alpha) = self.smoothing {
            let classes = if D > 1 { shape[D - 1] } else { 2 };
            answers = answers * (1.0 - alpha) + alpha / classes as f32;
        }
        let operands = (logits, answers);
        let mut term = match self.logits {
            true => wgloss::BceWithLogits::default().term(operands),
            false => wgloss::Bce::default().term(operands),
        };
        if let Some(weights) = &self.weights {
            let weights: Tensor<D> = match D {
                1 => weights.clone().gather(0, targets.flatten(0, 0)).reshape(shape),
                _ => weights.clone().expand(shape),
            };
            term = term.with(Extra::Weight, &weights.into());
        }
        term.loss()
    }
}
