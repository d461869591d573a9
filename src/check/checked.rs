//! The results of the checks of a part, for the twin and the plan.

use super::inspections::Inspection;
use super::labels::Labels;

/// The results of the checks of a part, beside its [`Work`](super::Work).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Checked {
    /// The shape of the unreduced loss.
    pub loss_shape: Vec<usize>,
    /// The range of the part's labels, where it has labels.
    pub labels: Option<Labels>,
    /// The denominator of the part's own sum.
    pub divisor: Divisor,
    /// The number that the fused loss's sum is divided by, where the part has a fused loss.
    pub fused_divisor: Option<Divisor>,
    /// The inspections of operands before the walk.
    pub inspections: Vec<Inspection>,
}

/// The number that the sum of a part is divided by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Divisor {
    /// A number that is known before the work runs.
    Number(f64),
    /// The sum of the weights of all values that take part.
    Weights,
    /// The number of values that take part, or the sum of their sample weights, times `each`.
    Count { each: f64 },
    /// The tensor that the caller gave as `divide_by`.
    Tensor,
}
