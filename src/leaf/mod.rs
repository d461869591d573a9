//! The mathematics of a loss: the trait of each family, what its leaves see, and what they give.

mod boxes;
mod composite;
mod pointwise;
mod region;
mod softmax;

pub use boxes::*;
pub use composite::*;
pub use pointwise::*;
pub use region::*;
pub use softmax::*;

/// The mathematics of a loss, by family.
#[derive(Clone, Copy)]
pub enum Leaf<'a> {
    /// A value for each element.
    Pointwise(&'a dyn Pointwise),
    /// A value for each pair of boxes.
    Boxes(&'a dyn Boxes),
    /// A value for each position, from a softmax over its classes.
    Softmax(&'a dyn Softmax),
    /// A value for each item and class, from sums over positions.
    Region(&'a dyn Region),
    /// A sum of other losses.
    Composite(&'a dyn Composite),
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
