//! What the classes of a position come to: the folds, mirroring `shaders/fold`.

mod class_sum;
mod divergence;
pub(super) mod softmax;

use crate::leaf::Leaf;

/// The classes of a position that takes part.
pub(super) struct Row {
    /// The predictions.
    pub x: Vec<f64>,
    /// The floats that a dense target has for them.
    pub dense: Option<Vec<f64>>,
    /// The label's class among them, or beyond them where it is in another piece.
    pub label: Option<usize>,
    /// The weights of the classes.
    pub weight: Vec<f64>,
    /// How many classes there are, those of other pieces among them.
    pub classes: usize,
}

impl Row {
    /// The label's class, where it is here.
    pub fn here(&self) -> Option<usize> {
        self.label.filter(|&label| label < self.x.len())
    }
}

/// A position's loss in two parts that a mean may divide differently, and the derivatives of each by class.
pub(super) struct Scored {
    pub loss: f64,
    pub extra: f64,
    /// Its weight in the denominator.
    pub weight: f64,
    pub d: Vec<f64>,
    pub d_extra: Vec<f64>,
}

impl Scored {
    /// A loss without an extra part.
    fn plain(row: &Row, loss: f64, d: Vec<f64>) -> Scored {
        let weight = row.label.map_or(0.0, |label| row.weight[label]);
        Scored { loss, extra: 0.0, weight, d_extra: vec![0.0; d.len()], d }
    }
}

/// Folds a row's classes, and scores it; by the state of the whole row, where it is a piece of one.
pub(super) fn score(leaf: Leaf<'_>, row: &Row, whole: Option<softmax::State>) -> Scored {
    match leaf {
        Leaf::Softmax(leaf) => softmax::score(leaf, row, whole),
        Leaf::ClassSum(leaf) => class_sum::score(leaf, row),
        Leaf::Divergence(leaf) => divergence::score(leaf, row),
        _ => unreachable!("the checks choose the walk by the leaf"),
    }
}
