//! The input and the output of a fold: the classes of one position, and their score.

/// The classes of a position that takes part.
pub(in crate::cpu) struct Row {
    /// The predictions.
    pub x: Vec<f64>,
    /// The floats of a dense target.
    pub dense: Option<Vec<f64>>,
    /// The place of the label's class in `x`. It lies beyond the end where another shard holds that class.
    pub label: Option<usize>,
    /// The weight of each class.
    pub weight: Vec<f64>,
    /// The number of classes on all shards together, and the place among them of the first class in `x`.
    pub classes: usize,
    pub first: usize,
}

impl Row {
    /// The place of the label's class, where this row holds it.
    pub fn here(&self) -> Option<usize> {
        self.label.filter(|&label| label < self.x.len())
    }
}

/// The loss of a position and its derivatives.
pub(in crate::cpu) struct Scored {
    /// The loss.
    pub loss: f64,
    /// A second loss. A mean divides its sum by the number of positions, without class weights.
    pub extra: f64,
    /// The weight of the position in the denominator.
    pub weight: f64,
    /// The derivative of the loss with respect to each prediction.
    pub d: Vec<f64>,
    /// The derivative of the extra loss with respect to each prediction.
    pub d_extra: Vec<f64>,
}

impl Scored {
    /// A loss without an extra loss. The position has the weight of its label's class.
    pub fn plain(row: &Row, loss: f64, d: Vec<f64>) -> Scored {
        let weight = row.here().map_or(0.0, |label| row.weight[label]);
        Scored { loss, extra: 0.0, weight, d_extra: vec![0.0; d.len()], d }
    }
}
