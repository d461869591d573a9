//! The observations of a term: what its walk sees beside the loss.

/// A number that a loss of a softmax computes beside its value, in the same pass over the logits, for
/// [`Term::observe`](crate::Term::observe).
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
}
