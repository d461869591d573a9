//! Leaves that give a value for each region, or for each item, from sums over positions.
//!
//! A region is one class of one item, or of the whole batch.

use crate::loss::Loss;
use crate::options::choice;

/// A loss of sums over regions.
pub trait Region {
    /// The settings of the loss.
    fn settings(&self) -> RegionSettings;
    /// The share of a class: the factor of its sums where the classes of an item are summed together. It has to follow
    /// from the targets alone, because gradients treat it as a constant. A share that is infinite in f32 is replaced by
    /// the item's largest finite share.
    fn share(&self, _sums: RegionSums) -> f64 {
        1.0
    }
    /// The loss of a region, or of an item whose classes are summed together, and its derivatives.
    fn score(&self, sums: RegionSums) -> RegionScore;
    /// The name of an option whose value conflicts with other options, and which values it may have instead.
    fn conflict(&self) -> Option<(&'static str, &'static str)> {
        None
    }
    /// The name of an option whose value needs labels as the target, and what it may be where the target is floats.
    fn needs_labels(&self) -> Option<(&'static str, &'static str)> {
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
/// - a [`Softmax`](crate::custom::Softmax) over the classes of a position. With one channel, this channel is the logit of
///   label 1, and the logit of label 0 is 0. If the softmax loss by itself takes only labels, so does the sum;
/// - a [`Pointwise`](crate::custom::Pointwise) leaf of a prediction and its target, which scores every class of a
///   position by itself. If the leaf takes a third number, of the role `Column`, this is the region loss's operand of the
///   role [`PosWeight`](crate::header::Role::PosWeight). A label is a target of 1 at its class and of 0 elsewhere; with
///   one channel, the target is the label, 0 or 1. The class weight multiplies each score, and a mean divides by the
///   number of elements that take part.
///
/// A GPU scores the fused loss in the first stage of the region loss's walk, which reads the logits anyway, and adds its
/// gradient in the last stage. The fused loss has a part of the outcome, a denominator and upstream gradients of its own.
pub struct FusedLoss {
    /// The fused loss itself. The region loss decides which label is ignored. The numeric options that the fused loss
    /// reads are the first ones of the region loss, in the same order.
    pub loss: Box<dyn Loss>,
    /// Whether class 0 is scored. A softmax always runs over all classes; without class 0, a position of this label has a
    /// loss of 0.
    pub include_background: bool,
    /// Whether the mean of a softmax loss counts each position once for each class that is scored.
    pub counts_classes: bool,
    /// The name of the region loss's own part in an outcome. The fused loss's part is named by the fused loss's id.
    pub own_name: &'static str,
    /// The weight of the region loss in the sum.
    pub own_weight: f32,
    /// The weight of the fused loss.
    pub weight: f32,
}

impl FusedLoss {
    /// The number that a pointwise leaf gets in place of its third operand where the call does not give it.
    pub(crate) fn absent(&self) -> f32 {
        self.loss.header().components().nth(2).map_or(0.0, |spec| spec.absent)
    }
}

choice! {
    /// How a region loss turns predictions into probabilities.
    pub enum Activation {
        /// A softmax over the classes.
        Softmax = "softmax",
        /// A sigmoid of each element.
        Sigmoid = "sigmoid",
        /// The predictions are probabilities.
        None = "none",
    }
}

/// The settings of a region loss: which elements its sums run over, and what they sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegionSettings {
    /// How predictions are turned into probabilities.
    pub activation: Activation,
    /// Whether class 0 takes part.
    pub include_background: bool,
    /// Whether the sums run over all items of the batch as well.
    pub batch: bool,
    /// Whether the sums of probabilities and of targets are sums of squares.
    pub squared: bool,
    /// Whether `p = t` is a perfect prediction also for targets between 0 and 1. The sums are then of `min(p, t)`,
    /// `max(p − t, 0)` and `max(t − p, 0)`. It has no effect if `squared` is set.
    pub soft: bool,
    /// Whether the classes of an item are summed inside one ratio, each times its share, so that an item has one value.
    pub together: bool,
    /// The label of positions that take no part.
    pub ignore_index: Option<i32>,
}

/// The sums over a region, of probabilities `p` and targets `t`. No term is negative, so that nothing cancels.
///
/// `2·true_pos + false_pos + false_neg` is `Σp + Σt`, or `Σp² + Σt²` with squares.
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
