//! Leaves that give a value for each row, from the distances between its vectors.

/// A loss of the distances between a row's vectors.
pub trait Vectors {
    /// How a distance is measured.
    fn measure(&self) -> Measure;
    /// The pairs of vectors whose distances are measured, by their places among the header's operands with
    /// [`Role::Element`](crate::header::Role::Element). There may be three distances of a norm, but only one of a cosine.
    fn pairs(&self) -> &'static [[usize; 2]] {
        &[[0, 1]]
    }
    /// The loss of a row and its derivatives. `target` is the row's number in the operand with
    /// [`Role::Row`](crate::header::Role::Row), or 0 where the loss has no such operand.
    fn score(&self, of: &Distances, target: f64) -> VectorsScore;
}

/// How the distance of two vectors is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// `1 − a·b / (max(‖a‖, 1e-8)·max(‖b‖, 1e-8))`: 1 minus the cosine.
    Cosine,
    /// `(Σ |a − b + eps|^p)^(1/p)`.
    Norm {
        /// The power; greater than 0.
        p: f32,
        /// A number that is added to each difference.
        eps: f32,
    },
}

/// The distances between a row's vectors, from which the leaf scores the row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Distances {
    /// The distance of each pair, in the order of [`Vectors::pairs`]; 0 past the last pair.
    pub d: [f64; 3],
    /// The cosine of the first pair, where cosines are measured. Near 0 it has digits that `1 − d` does not have.
    pub cosine: f64,
}

/// The loss of a row, and its derivative with respect to each distance.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct VectorsScore {
    /// The loss.
    pub loss: f64,
    /// Its derivatives, in the order of [`Vectors::pairs`]. They are always with respect to the distance. A loss that is
    /// written with the cosine has to change the sign, since the cosine is 1 minus the distance.
    pub d: [f64; 3],
}
