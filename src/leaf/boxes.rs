//! Leaves that give a value for each pair of boxes.

use super::ElementScore;

/// A loss of pairs of boxes. A box is x1, y1, x2, y2, the last axis of `[..., 4]`.
pub trait Boxes {
    /// The loss of a box `a` against a box `b`, and its derivatives with respect to the four numbers of `a`.
    fn score(&self, a: [f64; 4], b: [f64; 4]) -> ElementScore;
}
