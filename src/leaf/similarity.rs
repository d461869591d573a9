//! Leaves of losses that compare each row with many rows.

use crate::options::choice;

/// A loss that compares each row with all rows of another operand, or with the other rows of its own. It takes a softmax over
/// the row's similarities, or scores every pair by itself.
pub trait Similarity {
    /// How similarities are computed, and how the loss uses them.
    fn settings(&self) -> SimilaritySettings;

    /// The loss of a row from the softmax over its similarities, where the settings are not `pairwise`.
    fn row(&self, _row: SimilarityStatistics) -> RowScore {
        RowScore::default()
    }

    /// The loss of a pair with this similarity, where the settings are `pairwise`. `similar` says whether the two belong together.
    fn pair(&self, _similarity: f64, _similar: bool) -> PairScore {
        PairScore::default()
    }
}

/// How similarities are computed, and how the loss uses them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SimilaritySettings {
    /// The factor of the rows' products, where no operand gives it.
    pub scale: f64,
    /// Whether rows are divided by their norms first.
    pub normalize: bool,
    /// Whether the loss is the mean of both directions, as from queries to keys and from keys to queries.
    pub symmetric: bool,
    /// Whether every pair has a loss of its own, rather than a softmax over a row's similarities.
    pub pairwise: bool,
    /// The relation of a row to the others with the same label, where labels are given.
    pub equal_labels: EqualLabels,
}

choice! {
    /// The relation of a row to the others with the same label, apart from its own key.
    pub enum EqualLabels {
        /// They are not compared, so that a second copy of a row's key does not count as a wrong answer.
        Drop = "drop",
        /// They belong together, as a row does with its own key.
        Positive = "positive",
    }
}

/// Statistics of the softmax over a row's similarities. The leaf scores the row from these.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SimilarityStatistics {
    /// `Σ −log p` over the rows that the row belongs together with.
    pub surprise: f64,
    /// The number of these rows.
    pub similar: f64,
}

/// The loss of a row, and its derivative with respect to the surprise.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RowScore {
    /// The loss.
    pub loss: f64,
    /// Its derivative with respect to [`SimilarityStatistics::surprise`].
    pub d: f64,
}

/// The loss of a pair, and its derivative with respect to the pair's similarity.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PairScore {
    /// The loss.
    pub loss: f64,
    /// Its derivative.
    pub d: f64,
}
