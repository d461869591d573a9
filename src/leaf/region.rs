//! Leaves that give a value for each region, or for each item, from sums over positions.
//!
//! A region is one class of one item, or of the whole batch.

use crate::loss::Loss;
use crate::options::choice;

/// A loss of sums over regions.
pub trait Region {
    /// The range and the terms of the sums.
    fn settings(&self) -> RegionSettings;
    /// The share of a class in the sums of its item, where the classes are summed together. It depends on the targets alone,
    /// and counts as a constant in the gradient. An infinite share becomes the item's largest finite share.
    fn share(&self, _sums: RegionSums) -> f64 {
        1.0
    }
    /// The loss of a region, or of an item whose classes are summed together, and its derivatives.
    fn score(&self, sums: RegionSums) -> RegionScore;
    /// The name of an option that does not go with the others, and what it may be instead.
    fn conflict(&self) -> Option<(&'static str, &'static str)> {
        None
    }
    /// A second loss, computed in the same pass, where the loss has one.
    fn fused_loss(&self) -> Option<FusedLoss> {
        None
    }
}

/// A loss that is added to a region loss in one pass over the logits. It takes the same input, target and class weights.
///
/// Its leaf is one of two:
///
/// - a [`Softmax`](crate::custom::Softmax) over the classes of a position. One channel is the logit of label 1; the logit of
///   label 0 is then 0. If its own target is labels, so is that of the sum;
/// - a [`Pointwise`](crate::custom::Pointwise) leaf of a prediction and its target, which scores every class of a position by
///   itself. A third number of the leaf, of the role `Column`, is the region loss's operand of the role
///   [`PosWeight`](crate::header::Role::PosWeight). A label is a target of 1 at its class and of 0 elsewhere. The class weight
///   multiplies each score, and a mean divides by the number of elements that take part.
///
/// A GPU scores it in the first stage of the region's walk, where the logits are read anyway, and adds its gradient in the
/// last. It has a part of the outcome, a denominator and scales of its own.
pub struct FusedLoss {
    /// The fused loss itself. The region loss says which label is ignored. The numeric options that it reads are the region loss's first ones, in the same order.
    pub loss: Box<dyn Loss>,
    /// Whether class 0 is scored. A softmax always runs over all classes; without class 0, a position of this label has a
    /// loss of 0.
    pub include_background: bool,
    /// Whether a mean over a softmax's positions counts each as often as it has classes that are scored.
    pub counts_classes: bool,
    /// The name of the region loss's own part in an outcome. The fused loss's part has its id as its name.
    pub beside: &'static str,
    /// The weight of the region loss in the sum.
    pub own_weight: f32,
    /// The weight of the fused loss.
    pub weight: f32,
}

impl FusedLoss {
    /// The number that a leaf of elements gets as its third where the call does not give the operand.
    pub(crate) fn absent(&self) -> f32 {
        self.loss.header().components().nth(2).map_or(0.0, |spec| spec.absent)
    }
}

choice! {
    /// How a region loss makes probabilities of its predictions.
    pub enum Activation {
        /// A softmax over the classes.
        Softmax = "softmax",
        /// A sigmoid of each element.
        Sigmoid = "sigmoid",
        /// The predictions are probabilities.
        None = "none",
    }
}

/// The range and the terms of the sums of a region loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegionSettings {
    /// How probabilities are made of the predictions.
    pub activation: Activation,
    /// Whether class 0 takes part.
    pub include_background: bool,
    /// Whether the sums run over all items of the batch as well.
    pub batch: bool,
    /// Whether the sums of probabilities and of targets are sums of squares.
    pub squared: bool,
    /// Whether targets between 0 and 1 are met by probabilities that equal them: sums are then of `min(p, t)`, and of how far
    /// `p` lies above and below `t`. It changes nothing where sums are of squares.
    pub soft: bool,
    /// Whether the classes of an item are summed inside one ratio, each times its share, so that an item has one value.
    pub together: bool,
    /// The label of positions that take no part.
    pub ignore_index: Option<i32>,
}

/// The sums over a region, of probabilities `p` and targets `t`. No term is negative, so that nothing cancels.
///
/// `Σp + Σt` is `2·true_pos + false_pos + false_neg`. With squares, so is `Σp² + Σt²`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RegionSums {
    /// Σ p·t; soft Σ min(p, t).
    pub true_pos: f64,
    /// Σ p·(1 − t); with squares Σ (p − t)²; soft Σ max(p − t, 0).
    pub false_pos: f64,
    /// Σ (1 − p)·t; with squares 0; soft Σ max(t − p, 0).
    pub false_neg: f64,
}

/// The loss of a region, and its derivative with respect to each of its [`RegionSums`].
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
