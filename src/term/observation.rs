//! The observations of a term: numbers that its walk computes beside the loss.

use crate::leaf::Leaf;
use crate::loss::Loss;
use crate::role::{Domain, Role};

/// A result that a loss computes beside its value, in the same pass over the prediction, for
/// [`Term::observe`](crate::Term::observe): a number, or a number for each position.
///
/// A number is a part of the outcome with a weight of 0, whose sum and denominator add up over batches and over shards of
/// positions. A shard of the classes of a softmax returns the numbers of the whole batch, as it returns the loss of the
/// whole batch; top-k is refused for such a shard. A number for each position is a tensor beside the loss, in
/// [`Outcome::observed`](crate::cpu::Outcome::observed). Weights, label smoothing and the z-loss do not change an
/// observation. A `softcap` does: observations see the capped logits, and logits far beyond the cap may become equal.
///
/// | losses | observations |
/// |---|---|
/// | of a softmax, and of linear layers | [`Accuracy`](Self::Accuracy), [`TopK`](Self::TopK), [`Entropy`](Self::Entropy), [`Perplexity`](Self::Perplexity), [`Predicted`](Self::Predicted), [`LogProb`](Self::LogProb) |
/// | of logits of yes-or-no questions, as [`BceWithLogits`](crate::BceWithLogits) | [`Accuracy`](Self::Accuracy) |
/// | of regions, as [`Dice`](crate::Dice) | [`Iou`](Self::Iou), [`Precision`](Self::Precision), [`Recall`](Self::Recall), a part for each class |
///
/// The observations of [`MarginSoftmax`](crate::MarginSoftmax) see the label's logit with its margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Observation {
    /// The number of positions whose greatest logit is the label's. Of equal logits the first counts as the greatest. For
    /// logits of yes-or-no questions, an element is right if its logit is above 0 and its target above ½, or neither is.
    /// A NaN is wrong.
    Accuracy,
    /// The number of positions whose label has one of the k greatest logits, where k is this number, at least 1. Of equal logits
    /// the first comes first.
    TopK(u32),
    /// The sum of the entropies of the softmaxes, in nats.
    Entropy,
    /// The sum of −log p of the labels. The perplexity is `exp(sum / denominator)`, as [`of_mean`](Self::of_mean) has it.
    Perplexity,
    /// For each class, the number of positions that are of this class both by prediction and by target, over the number
    /// that are of this class by at least one of them: the intersection over union of hard predictions.
    ///
    /// With a softmax, a position is predicted to be of the class with its greatest logit, of the first if several are
    /// equal. With a sigmoid each class is judged by itself, and is predicted where its logit is above 0; without an
    /// activation, where the prediction is above ½. A dense target is of a class where it is above ½. A position with a
    /// NaN has no prediction.
    Iou,
    /// For each class, the number of positions that are of this class both by prediction and by target, over the number
    /// that are of it by prediction.
    Precision,
    /// For each class, the number of positions that are of this class both by prediction and by target, over the number
    /// that are of it by target.
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
    /// The name that follows the name of the loss and a point in an outcome: `accuracy`, `top_5`, `entropy`,
    /// `perplexity`, `iou`, `precision`, `recall`, `predicted`, `log_prob`. Where each class has a part, a point and the
    /// class's index follow.
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

    /// The observation that a part of an outcome holds, by the part's name; `None` for the part of a loss. A part that the caller
    /// [named](crate::Term::named) may have a name that ends like that of an observation.
    ///
    /// ```
    /// use wgloss::Observation;
    /// assert_eq!(Observation::of_part("cross_entropy.top_5"), Some(Observation::TopK(5)));
    /// assert_eq!(Observation::of_part("dice.iou.3"), Some(Observation::Iou));
    /// assert_eq!(Observation::of_part("cross_entropy.z_loss"), None);
    /// ```
    pub fn of_part(name: &str) -> Option<Observation> {
        let of_class = name.rsplit_once('.').filter(|(_, class)| class.parse::<usize>().is_ok());
        let name = of_class.map_or(name, |(name, _)| name);
        Observation::of_name(name.rsplit('.').next().unwrap_or(name))
    }

    /// The number that the observation reports, from the [mean](crate::PartOutcome::mean_or) of its part: this mean, and for a
    /// perplexity the exponential of it.
    ///
    /// ```
    /// use wgloss::{Array, CrossEntropy, Observation, cpu};
    /// let (logits, labels) = (Array::new(&[0.0f32; 4], [1, 4])?, Array::new(&[2i32], [1])?);
    /// let outcome = cpu::value(&CrossEntropy::default().of(&logits, &labels).observe(Observation::Perplexity))?;
    /// let mean = outcome.parts()[1].mean_or(f64::NAN);
    /// assert!((Observation::Perplexity.of_mean(mean) - 4.0).abs() < 1e-12);
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    pub fn of_mean(self, mean: f64) -> f64 {
        if self == Observation::Perplexity { mean.exp() } else { mean }
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

    /// Whether the observation compares the prediction with a label.
    pub(crate) fn needs_label(self) -> bool {
        !matches!(self, Observation::Entropy | Observation::Predicted)
    }

    /// Whether the observation is a number for each position.
    pub(crate) fn of_positions(self) -> bool {
        matches!(self, Observation::Predicted | Observation::LogProb)
    }

    /// Whether the observation is a part for each class.
    pub(crate) fn of_classes(self) -> bool {
        matches!(self, Observation::Iou | Observation::Precision | Observation::Recall)
    }
}

/// The kinds of losses that have observations. The kind decides which observations a loss has.
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
    /// The kind of a loss, if it has observations.
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

    /// The names of the observations of this kind, as an error lists them.
    pub fn names(self) -> &'static str {
        match self {
            Observed::Softmax => "one of accuracy, top_K, entropy, perplexity, predicted, log_prob",
            Observed::Questions => "accuracy",
            Observed::Regions => "one of iou, precision, recall",
        }
    }
}
