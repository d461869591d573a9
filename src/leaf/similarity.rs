//! Leaves that give a value for each row, from its scores against all others.

/// A loss of rows against all other rows: of a softmax over each row's scores, or of every pair by itself.
pub trait Similarity {
    /// How scores are made and used.
    fn settings(&self) -> SimilaritySettings;

    /// The loss of a row from the softmax over its scores, where the settings are not `pairwise`.
    fn row(&self, _row: SimilarityStatistics) -> RowScore {
        RowScore::default()
    }

    /// The loss of a pair with this score, where the settings are `pairwise`. `similar` says whether the two belong together.
    fn pair(&self, _score: f64, _similar: bool) -> PairScore {
        PairScore::default()
    }
}

/// How scores are made and used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SimilaritySettings {
    /// The factor of the rows' products, where no operand gives it.
    pub scale: f64,
    /// Whether rows are divided by their norms first.
    pub normalize: bool,
    /// Whether the loss is the mean over both directions: each row against the others, and each of the others against the
    /// rows.
    pub symmetric: bool,
    /// Whether every pair has a loss of its own, rather than a softmax over a row's scores.
    pub pairwise: bool,
}

/// Statistics of the softmax over a row's scores, from which the leaf scores the row.
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

/// The loss of a pair, and its derivative with respect to the score.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PairScore {
    /// The loss.
    pub loss: f64,
    /// Its derivative.
    pub d: f64,
}
