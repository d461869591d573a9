//! Leaves that give a value for each item and class, or for each item, from sums over positions.

use crate::loss::Loss;
use crate::options::choice;

/// A loss of sums over regions.
pub trait Region {
    /// What the sums run over.
    fn settings(&self) -> RegionSettings;
    /// The share of a class in the sums of its item, where classes are summed together: of its targets alone, and constant
    /// in the gradient. An infinite one becomes the largest finite one of the item.
    fn share(&self, _sums: RegionSums) -> f64 {
        1.0
    }
    /// The loss of a class, or of an item whose classes are summed together, and its derivatives.
    fn score(&self, sums: RegionSums) -> RegionScore;
    /// A loss that rides along in the walk.
    fn rider(&self) -> Option<Rider> {
        None
    }
}

/// A loss of a softmax that is added to a region loss in one pass over the logits. It sees the same input, target and
/// class weights; one channel is the logit of label 1, against a logit of 0 for label 0.
pub struct Rider {
    /// The loss that rides along, whose leaf is a [`Softmax`](crate::Softmax) and whose numbers are the first of the region
    /// loss's, in their order.
    pub loss: Box<dyn Loss>,
    /// The name of the region loss's own part in an outcome; the rider's goes by its id.
    pub beside: &'static str,
    /// The weight of the region loss in the sum.
    pub own_weight: f32,
    /// The weight of the rider.
    pub weight: f32,
}

choice! {
    /// What makes probabilities of a region loss's predictions.
    pub enum Activation {
        /// A softmax over the classes.
        Softmax = "softmax",
        /// A sigmoid of each element.
        Sigmoid = "sigmoid",
        /// Nothing: the predictions are probabilities.
        None = "none",
    }
}

/// What the sums of a region loss run over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegionSettings {
    /// What makes probabilities of the predictions.
    pub activation: Activation,
    /// Whether class 0 takes part.
    pub include_background: bool,
    /// Whether the sums run over the batch as well.
    pub batch: bool,
    /// Whether probabilities and targets are squared in the sums of each alone.
    pub squared: bool,
    /// Whether the classes of an item are summed inside one ratio, each by its share: a value for each item.
    pub together: bool,
    /// The label of positions that take no part.
    pub ignore_index: Option<i32>,
}

/// The sums of one class over its region, of probabilities `p` and targets `t`, each of terms that do not cancel.
///
/// `Σp + Σt` is `2·true_pos + false_pos + false_neg`; with squares these are `Σp²` and `Σt²`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RegionSums {
    /// Σ p·t.
    pub true_pos: f64,
    /// Σ p·(1 − t); with squares Σ (p − t)².
    pub false_pos: f64,
    /// Σ (1 − p)·t; with squares 0.
    pub false_neg: f64,
}

/// The loss of a class, and its derivatives with respect to each of its [`RegionSums`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RegionScore {
    /// The loss.
    pub loss: f64,
    /// With respect to [`RegionSums::true_pos`].
    pub d_true_pos: f64,
    /// With respect to [`RegionSums::false_pos`].
    pub d_false_pos: f64,
    /// With respect to [`RegionSums::false_neg`].
    pub d_false_neg: f64,
}
