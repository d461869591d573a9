//! Leaves that give a value for each row, from its hardest pairs.

/// A loss of each row's greatest distance to a row with the same label, and its least distance to a row with another label.
/// Distances are Euclidean, and no row is compared with itself. A row that has no pair of one
/// of the two kinds has no loss.
pub trait Hardest {
    /// The loss of a row and its derivatives.
    fn score(&self, of: HardestDistances) -> HardestScore;
}

/// The hardest distances of a row, from which the leaf scores the row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HardestDistances {
    /// The greatest distance to a row with the same label.
    pub positive: f64,
    /// The least distance to a row with another label.
    pub negative: f64,
}

/// The loss of a row, and its derivative with respect to each distance.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HardestScore {
    /// The loss.
    pub loss: f64,
    /// Its derivative with respect to [`HardestDistances::positive`].
    pub d_positive: f64,
    /// Its derivative with respect to [`HardestDistances::negative`].
    pub d_negative: f64,
}
