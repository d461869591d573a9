//! Leaves that give a value for each row, from how far its vectors lie apart.

/// A loss of the distances between the vectors of a row.
pub trait Vectors {
    /// How a distance is measured.
    fn measure(&self) -> Measure;
    /// The pairs of [`Role::Element`](crate::Role::Element) operands that are measured, by their places in the header: as
    /// many as three distances, one cosine.
    fn pairs(&self) -> &'static [[usize; 2]] {
        &[[0, 1]]
    }
    /// The loss of a row and its derivatives, `target` being the row's number where the loss has a
    /// [`Role::Row`](crate::Role::Row) operand.
    fn score(&self, of: &Distances, target: f64) -> VectorsScore;
}

/// How the distance of two vectors is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// One less their cosine, `a·b / (max(‖a‖, 1e-8)·max(‖b‖, 1e-8))`.
    Cosine,
    /// `(Σ |a − b + eps|^p)^(1/p)`.
    Norm {
        /// The power; greater than 0.
        p: f32,
        /// What is added to each difference.
        eps: f32,
    },
}

/// What a loss of vectors sees of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Distances {
    /// The distance of each pair, in the order of [`Vectors::pairs`]; 0 beyond.
    pub d: [f64; 3],
    /// The cosine of the first pair where that is what is measured: it keeps the digits that `1 − d` has not near 0.
    pub cosine: f64,
}

/// The loss of a row, and its derivative with respect to each distance.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct VectorsScore {
    /// The loss.
    pub loss: f64,
    /// Its derivatives, in the order of [`Vectors::pairs`]. That with respect to a cosine is the opposite of the distance's.
    pub d: [f64; 3],
}
