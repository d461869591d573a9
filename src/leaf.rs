//! The mathematics of a loss: the trait of each family, what its leaves see, and what they give.

use crate::options::choice;

/// The mathematics of a loss, by family.
#[derive(Clone, Copy)]
pub enum Leaf<'a> {
    /// A value for each element.
    Pointwise(&'a dyn Pointwise),
    /// A value for each position, from a softmax over its classes.
    Softmax(&'a dyn Softmax),
    /// A value for each item and class, from sums over positions.
    Region(&'a dyn Region),
}

impl Leaf<'_> {
    /// The name of a part that a mean divides by the count of values, whatever their weights, where there is one.
    pub(crate) fn extra(&self) -> Option<&'static str> {
        if let Leaf::Softmax(leaf) = self { leaf.extra() } else { None }
    }

    /// An optional operand that these options need: its name, and the option's.
    pub(crate) fn needs(&self) -> Option<(&'static str, &'static str)> {
        if let Leaf::Pointwise(leaf) = self { leaf.needs() } else { None }
    }
}

/// A loss that gives a value for each element, from as many as four operands.
pub trait Pointwise {
    /// The loss of an element and its derivatives.
    ///
    /// `v` holds the element of each [`Role::Element`] operand in the header's order, `item` what [`item`](Self::item) gave.
    fn score(&self, v: [f64; 4], item: [f64; 3]) -> ElementScore;

    /// What the leaf needs of an item, from the number that was looked up for it.
    fn item(&self, _looked_up: f64) -> [f64; 3] {
        [0.0; 3]
    }

    /// An optional operand that these options need: its name, and the option's.
    fn needs(&self) -> Option<(&'static str, &'static str)> {
        None
    }
}

/// The loss of an element, and its derivative with respect to each operand.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ElementScore {
    /// The loss.
    pub loss: f64,
    /// Its derivatives, in the operands' order.
    pub d: [f64; 4],
}

/// A loss of a softmax over the classes of a position.
pub trait Softmax {
    /// The label that takes no part.
    fn ignore_index(&self) -> i32;

    /// The share of the loss's weight that a class has whose target probability is `q`, among `classes`; for label
    /// targets every class is asked about with `q` = 0 and the target's own part is the leaf's.
    fn share(&self, q: f64, _classes: usize) -> f64 {
        q
    }

    /// Whether label targets give every class a share: without one, that part of the walk is left out.
    fn spreads(&self) -> bool {
        false
    }

    /// The name of the part that a mean divides by the count of positions, where these options have one.
    fn extra(&self) -> Option<&'static str> {
        None
    }

    /// The loss of a position and its derivatives.
    fn score(&self, position: &SoftmaxStatistics) -> SoftmaxScore;
}

/// What a softmax loss sees of a position, in a form that does not cancel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SoftmaxStatistics {
    /// −log p of the target; 0 where the target is probabilities.
    pub nll: f64,
    /// 1 − p of the target.
    pub miss: f64,
    /// The weight of the target's class; 0 where the target is probabilities.
    pub weight: f64,
    /// Σ share·weight·(−log p) over the classes.
    pub spread: f64,
    /// The log of the sum of the exponentials.
    pub lse: f64,
}

/// The loss of a position, in two parts that a mean may divide differently, and its derivatives.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SoftmaxScore {
    /// The loss.
    pub loss: f64,
    /// Its derivative with respect to −log p of the target.
    pub d_nll: f64,
    /// The part that a mean divides by the count of positions, whatever their weights.
    pub extra: f64,
    /// The derivative of that part with respect to `lse`.
    pub d_lse: f64,
}

/// A loss of sums over regions.
pub trait Region {
    /// What the sums run over.
    fn settings(&self) -> RegionSettings;
    /// The loss of a class and its derivatives.
    fn score(&self, sums: RegionSums) -> RegionScore;
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

/// The loss of a class, and its derivatives as a function of Σ p·t, Σ p and Σ t.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RegionScore {
    /// The loss.
    pub loss: f64,
    /// With respect to Σ p·t.
    pub d_pt: f64,
    /// With respect to Σ p; with squares to Σ p².
    pub d_p: f64,
}
