//! Cross-entropy, as `burn::nn::loss::CrossEntropyLoss`.

use super::or_panic;
use crate::loss::{BurnLoss, BurnTerm};
use crate::operand::Operand;
use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use wgloss::{Extra, Term};

/// The options of a [`CrossEntropyLoss`].
#[derive(Config, Debug)]
pub struct CrossEntropyLossConfig {
    /// Labels that are ignored: they don't count in the mean's denominator either.
    pub pad_tokens: Option<Vec<usize>>,
    /// A weight for each class; above 0.
    pub weights: Option<Vec<f32>>,
    /// The fraction of the target that is spread evenly over the classes; from 0 to 1.
    pub smoothing: Option<f32>,
    /// Whether inputs are logits rather than probabilities.
    #[config(default = true)]
    pub logits: bool,
}

impl CrossEntropyLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    /// If the smoothing is outside `[0, 1]`, or a weight is not above 0.
    pub fn init(&self, device: &Device) -> CrossEntropyLoss {
        refuse(self.smoothing, self.weights.as_deref());
        CrossEntropyLoss {
            pad_tokens: self.pad_tokens.clone(),
            weights: self.weights.as_deref().map(|weights| Tensor::from_floats(weights, device)),
            smoothing: self.smoothing,
            logits: self.logits,
        }
    }
}

/// Refuses what Burn's config refuses, with Burn's messages.
pub(super) fn refuse(smoothing: Option<f32>, weights: Option<&[f32]>) {
    if let Some(alpha) = smoothing {
        let is_share = (0.0..=1.0).contains(&alpha);
        assert!(is_share, "Alpha of Cross-entropy loss with smoothed labels should be in interval [0, 1]. Got {alpha}");
    }
    let positive = weights.unwrap_or_default().iter().all(|weight| *weight > 0.0);
    assert!(positive, "Weights of cross-entropy have to be positive.");
}

/// Cross-entropy of logits or probabilities: [`CrossEntropy`](wgloss::CrossEntropy), [`Nll`](wgloss::Nll).
///
/// For pixels and tokens, for an ignored label such as −100, and for dense targets, call
/// [`CrossEntropy`](wgloss::CrossEntropy) itself: it takes `[N, C, ...]` as it is.
#[derive(Module, Debug)]
pub struct CrossEntropyLoss {
    /// Labels that are ignored: they don't count in the mean's denominator either.
    pub pad_tokens: Option<Vec<usize>>,
    /// A weight for each class, `[num_classes]`.
    pub weights: Option<Tensor<1>>,
    /// The fraction of the target that is spread evenly over the classes.
    pub smoothing: Option<f32>,
    /// Whether inputs are logits rather than probabilities.
    pub logits: bool,
}

impl CrossEntropyLoss {
    /// Makes a loss with one pad token, or with none.
    pub fn new(pad_index: Option<usize>, device: &Device) -> Self {
        CrossEntropyLossConfig::new().with_pad_tokens(pad_index.map(|token| vec![token])).init(device)
    }

    /// The mean loss of `[batch_size, num_classes]` logits and `[batch_size]` labels.
    ///
    /// # Panics
    /// Where [`try_forward`](Self::try_forward) gives an error.
    pub fn forward(&self, logits: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
        or_panic(self.try_forward(logits, targets))
    }

    /// The mean loss, or the error.
    ///
    /// # Errors
    /// Every refusal of [`Error`](crate::Error).
    pub fn try_forward(&self, logits: Tensor<2>, targets: Tensor<1, Int>) -> crate::Result<Tensor<1>> {
        let mut term = self.term(logits, &targets);
        if let Some(weights) = &self.weights {
            term = term.with(Extra::Weight, &weights.into());
        }
        let padding = self.pad_tokens.iter().flatten().map(|token| targets.clone().equal_scalar(*token as i64));
        if let Some(padding) = padding.reduce(|mask, other| mask.bool_or(other)) {
            term = term.with(Extra::Mask, &padding.bool_not().into());
        }
        term.loss()
    }

    fn term(&self, input: Tensor<2>, targets: &Tensor<1, Int>) -> Term<Operand> {
        let label_smoothing = self.smoothing.unwrap_or(0.0);
        if self.logits {
            return wgloss::CrossEntropy { label_smoothing, ..Default::default() }.term((input, targets));
        }
        let least = input.dtype().finfo().map_or(f64::from(f32::MIN_POSITIVE), |of| of.min_positive).sqrt();
        let log = input.clamp_min(least).log();
        match label_smoothing {
            0.0 => wgloss::Nll::default().term((log, targets)),
            // the softmax of log-probabilities gives the probabilities
            label_smoothing => wgloss::CrossEntropy { label_smoothing, ..Default::default() }.term((log, targets)),
        }
    }
}
