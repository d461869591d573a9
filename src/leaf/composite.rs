//! Losses that are sums of others.

use crate::loss::Loss;
use crate::reduction::Reduction;
use std::sync::Arc;

/// A loss that is a sum of other losses. Each takes some of the sum's operands.
pub trait Composite {
    /// The losses that make up the sum, if the sum has this reduction.
    fn components(&self, reduction: Reduction) -> Vec<Component>;

    /// Whether all operands belong to one batch, so that axis 0 has the same length in all of them.
    fn shares_batch(&self) -> bool {
        true
    }
}

/// One loss of a sum.
#[derive(Clone, Debug)]
pub struct Component {
    /// Its name among the parts of an outcome, after the sum's name and a dot.
    pub name: &'static str,
    /// The loss.
    pub loss: Arc<dyn Loss>,
    /// Its operands: each by its name in the loss, and by its name in the sum.
    pub operands: &'static [(&'static str, &'static str)],
    /// Its factor.
    pub weight: f32,
    /// The reduction of its values.
    pub reduction: Reduction,
    /// Whether a mean divides by the items of the batch, which are axis 0, rather than by their elements.
    pub per_item: bool,
}
