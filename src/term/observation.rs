//! The observations of a term: what its walk sees beside the loss.

use crate::leaf::Leaf;
use crate::loss::Loss;
use crate::role::{Domain, Role};

/// Something that a loss computes beside its value, in the same pass over the prediction, for
/// [`Term::observe`](crate::Term::observe): a number, or a number for each position.
///
/// A number is a part of the outcome with a weight of 0, whose sum and denominator add up over batches and over shards of positions.
/// Shards of the classes of a softmax each come to the numbers of the whole, as they come to its loss; top-k has none there.
/// A number for each position is a tensor beside the loss, in [`Outcome::observed`](crate::cpu::Outcome::observed).
/// Neither weights nor label smoothing nor the z-loss change an observation; a `softcap` comes before it, and may make logits far
/// beyond the cap equal.
///
/// | losses | observations |
/// |---|---|
/// | of a softmax, and of linear layers | [`Accuracy`](Self::Accuracy), [`TopK`](Self::TopK), [`Entropy`](Self::Entropy), [`Perplexity`](Self::Perplexity), [`Predicted`](Self::Predicted), [`LogProb`](Self::LogProb) |
/// | of logits of yes-or-no questions, as [`BceWithLogits`](crate::BceWithLogits) | [`Accuracy`](Self::Accuracy) |
/// | of regions, as [`Dice`](crate::Dice) | [`Iou`](Self::Iou), [`Precision`](Self::Precision), [`Recall`](Self::Recall), a part for each class |
///
/// [`MarginSoftmax`](crate::MarginSoftmax) has its margin in the label's logit, and so in its observations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Observation {
    /// The number of positions whose greatest logit is the label's. Of equal logits the first counts as the greatest. Of logits of
    /// yes-or-no questions, the number that are above 0 where the target is above ½, and only there. A NaN is wrong.
    Accuracy,
    /// The number of positions whose label is among this many greatest logits, at least 1. Of equal logits the first comes first.
    TopK(u32),
    /// The sum of the entropies of the softmaxes, in nats.
    Entropy,
    /// The sum of −log p of the labels. The perplexity is `exp(sum / denominator)`.
    Perplexity,
    /// For each class, the number of positions that are of this class both by prediction and by target, over the number that are so
    /// by either: the intersection over union of hard predictions.
    ///
    /// With a softmax, a position is predicted to be of the class with its greatest logit, of the first if several are equal. With
    /// a sigmoid each class stands alone, and is predicted where its logit is above 0; without either, where the prediction is
    /// above ½. A dense target is of a class where it is above ½. A position with a NaN has no prediction.
    Iou,
    /// For each class, the same number over the number of positions that are of this class by prediction.
    Precision,
    /// For each class, the same number over the number of positions that are of this class by target.
    Recall,
    /// For each position, the class with the greatest logit, of the first if several are equal: a u32 tensor with the shape of the
    /// unreduced loss. It is `u32::MAX` where there is no prediction: where a logit is NaN or +∞, where all are −∞, and where the
    /// position takes no part, because its label is ignored or its mask is 0.
    Predicted,
    /// For each position, the log of the probability of its label: an f32 tensor with the shape of the unreduced loss, f64 on the
    /// CPU. It is NaN where a logit is NaN or +∞ or all are −∞, and 0 where the position takes no part.
    LogProb,
}

impl Observation {
    /// Its name in an outcome, after the name of the loss and a point: `accuracy`, `top_5`, `entropy`, `perplexity`, `iou`,
    /// `precision`, `recall`, `predicted`, `log_prob`. Where each class has a part, a point and the class's number follow.
    pub fn name(self) -> String {
        match self {
            Observation::Accuracy => "accuracy".into(),
            Observation::TopK(k) => format!("top_{k}"),
            Observation::Entropy => "entropy".into(),
            Observation::Perplexity => "perplexity".into(),
            Observation::Iou => "iou".into(),
            Observation::Precision => "precision".into(),
            Observation::Recall => "recall".into(),
            Observation::Predicted => "predicted".into(),
            Observation::LogProb => "log_prob".into(),
        }
    }

    /// The observation of this name.
    ///
    /// ```
    /// use wgloss::Observation;
    /// assert_eq!(Observation::of_name("top_5"), Some(Observation::TopK(5)));
    /// assert_eq!(Observation::of_name("top_0"), None);
    /// ```
    pub fn of_name(name: &str) -> Option<Observation> {
        match name {
            "accuracy" => Some(Observation::Accuracy),
            "entropy" => Some(Observation::Entropy),
            "perplexity" => Some(Observation::Perplexity),
            "iou" => Some(Observation::Iou),
            "precision" => Some(Observation::Precision),
            "recall" => Some(Observation::Recall),
            "predicted" => Some(Observation::Predicted),
            "log_prob" => Some(Observation::LogProb),
            _ => name.strip_prefix("top_")?.parse().ok().filter(|&k| k > 0).map(Observation::TopK),
        }
    }

    /// Whether a loss makes this observation.
    pub fn is_of(self, loss: &dyn Loss) -> bool {
        use Observation::{Accuracy, Entropy, Iou, LogProb, Perplexity, Precision, Predicted, Recall, TopK};
        match Observed::of(loss) {
            Some(Observed::Softmax) => {
                matches!(self, Accuracy | TopK(_) | Entropy | Perplexity | Predicted | LogProb)
            }
            Some(Observed::Questions) => self == Accuracy,
            Some(Observed::Regions) => matches!(self, Iou | Precision | Recall),
            None => false,
        }
    }

    /// Whether it compares the prediction with a label.
    pub(crate) fn needs_label(self) -> bool {
        !matches!(self, Observation::Entropy | Observation::Predicted)
    }

    /// Whether each position has a number of its own.
    pub(crate) fn of_positions(self) -> bool {
        matches!(self, Observation::Predicted | Observation::LogProb)
    }

    /// Whether each class has a part of its own.
    pub(crate) fn of_classes(self) -> bool {
        matches!(self, Observation::Iou | Observation::Precision | Observation::Recall)
    }
}

/// The kinds of observations. A loss has those of one kind, or none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Observed {
    /// Softmaxes over classes.
    Softmax,
    /// Logits of yes-or-no questions, with their answers.
    Questions,
    /// Regions of classes.
    Regions,
}

impl Observed {
    /// The kind of observations that a loss has, if it has any.
    pub fn of(loss: &dyn Loss) -> Option<Observed> {
        match loss.leaf() {
            Leaf::Softmax(_) | Leaf::Linear(_) => Some(Observed::Softmax),
            Leaf::Region(_) => Some(Observed::Regions),
            Leaf::Pointwise(_) => match loss.header().operands {
                [input, target, ..]
                    if (input.role, target.role) == (Role::Element, Role::Element)
                        && input.domain == Domain::Real
                        && matches!(target.domain, Domain::Binary | Domain::Probability) =>
                {
                    Some(Observed::Questions)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The names of what can be observed.
    pub fn names(self) -> &'static str {
        match self {
            Observed::Softmax => "one of accuracy, top_K, entropy, perplexity, predicted, log_prob",
            Observed::Questions => "accuracy",
            Observed::Regions => "one of iou, precision, recall",
        }
    }
}
