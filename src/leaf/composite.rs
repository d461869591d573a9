//! Losses that are sums of others.

use crate::loss::Loss;
use crate::reduction::Reduction;
use std::sync::Arc;

/// A loss that is a sum of others, each of some of its operands.
pub trait Composite {
    /// The losses, under a reduction of the whole.
    fn components(&self, reduction: Reduction) -> Vec<Component>;

    /// Whether all operands are of one batch: axis 0 is then as long in all of them.
    fn shares_batch(&self) -> bool {
        true
    }
}

/// One loss of a sum.
#[derive(Clone, Debug)]
pub struct Component {
    /// Its name among the parts of an outcome, behind the whole's.
    pub name: &'static str,
    /// The loss.
    pub loss: Arc<dyn Loss>,
    /// Its operands: their names in the loss, and in the whole.
    pub operands: &'static [(&'static str, &'static str)],
    /// Its factor.
    pub weight: f32,
    /// How its values become one.
    pub reduction: Reduction,
    /// Whether what comes of that is divided by the size of the batch, axis 0 of the whole's first operand.
    pub per_item: bool,
}
