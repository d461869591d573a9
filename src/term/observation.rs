//! The observations of a term: what its walk sees beside the loss.

use super::{Operand, Row, Term};

/// A number that a loss of a softmax computes beside its value, in the same pass over the logits, for
/// [`Term::observe`].
///
/// It is a part of the outcome with a weight of 0, whose sum and denominator add up over batches and over shards of positions.
/// Its denominator is the number of positions that take part. Neither weights nor label smoothing nor the z-loss change it; a
/// `softcap` comes before it, and may make logits far beyond the cap equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Observation {
    /// The number of positions whose greatest logit is the label's. Of equal logits the first counts as the greatest. A position
    /// with a NaN is wrong.
    Accuracy,
    /// The number of positions whose label is among this many greatest logits, at least 1. Of equal logits the first comes first.
    TopK(u32),
    /// The sum of the entropies of the softmaxes, in nats.
    Entropy,
    /// The sum of −log p of the labels. The perplexity is `exp(sum / denominator)`.
    Perplexity,
}

impl Observation {
    /// Its name among the parts of an outcome, after the name of the loss and a point: `accuracy`, `top_5`, `entropy`,
    /// `perplexity`.
    pub fn name(self) -> String {
        match self {
            Observation::Accuracy => "accuracy".into(),
            Observation::TopK(k) => format!("top_{k}"),
            Observation::Entropy => "entropy".into(),
            Observation::Perplexity => "perplexity".into(),
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
            _ => name.strip_prefix("top_")?.parse().ok().filter(|&k| k > 0).map(Observation::TopK),
        }
    }

    /// Whether it compares the prediction with a label.
    pub(crate) fn needs_label(self) -> bool {
        self != Observation::Entropy
    }

    /// Its row in an outcome, for the part of this name.
    pub(crate) fn row(self, part: &str) -> Row {
        Row { name: format!("{part}.{}", self.name()), weight: 0.0, extra: None }
    }
}

impl<T: Operand> Term<T> {
    /// The term with an [`Observation`] beside its loss: the accuracy, for example. Observations are the last parts of the
    /// outcome, in the order accuracy, top-k, entropy, perplexity.
    ///
    /// ```
    /// use wgloss::{Array, CrossEntropy, Observation, cpu};
    /// let logits = Array::new(&[2.0f32, 0.0, 1.0, 0.0, 3.0, 1.0], [2, 3])?;
    /// let labels = Array::new(&[0i32, 2], [2])?;
    /// let term = CrossEntropy::default().of(&logits, &labels).observe(Observation::Accuracy);
    /// let outcome = cpu::value(&term)?;
    /// let accuracy = &outcome.parts()[1];
    /// assert_eq!((accuracy.name.as_str(), accuracy.sum, accuracy.denominator), ("cross_entropy.accuracy", 1.0, 2.0));
    /// # Ok::<(), wgloss::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the term is evaluated: [`Error::InvalidOption`](crate::Error::InvalidOption) for a loss that is not one of a softmax
    /// over classes or that is a shard of its classes, for all but the entropy where the target holds probabilities, and for two
    /// different top-k.
    pub fn observe(self, observation: Observation) -> Term<T> {
        self.each(|part| {
            if let Err(place) = part.observations.binary_search(&observation) {
                part.observations.insert(place, observation);
            }
        })
    }
}
