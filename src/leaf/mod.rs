//! The mathematics of a loss: for each family, the trait of its leaves, the numbers that a leaf gets, and the score that it
//! returns.

mod alignments;
mod boxes;
mod class_sum;
mod composite;
mod divergence;
mod hardest;
mod pointwise;
mod region;
mod segments;
mod similarity;
mod softmax;
mod vectors;
mod windows;

pub use alignments::*;
pub use boxes::*;
pub use class_sum::*;
pub use composite::*;
pub use divergence::*;
pub use hardest::*;
pub use pointwise::*;
pub use region::*;
pub use segments::*;
pub use similarity::*;
pub use softmax::*;
pub use vectors::*;
pub use windows::*;

/// A loss's mathematics, by family.
#[derive(Clone, Copy)]
pub enum Leaf<'a> {
    /// A value for each element.
    Pointwise(&'a dyn Pointwise),
    /// A value for each pair of boxes.
    Boxes(&'a dyn Boxes),
    /// A value for each position, from a softmax over its classes.
    Softmax(&'a dyn Softmax),
    /// A value for each position, from a plain sum over its classes.
    ClassSum(&'a dyn ClassSum),
    /// A value for each position, from two softmaxes over its classes.
    Divergence(&'a dyn Divergence),
    /// A value for each item and class, from sums over positions.
    Region(&'a dyn Region),
    /// A value for each row, from the distances between its vectors.
    Vectors(&'a dyn Vectors),
    /// A sum of other losses.
    Composite(&'a dyn Composite),
    /// A value for each row, from its similarities to many rows.
    Similarity(&'a dyn Similarity),
    /// A value for each row, from its greatest and its least distance to other rows.
    Hardest(&'a dyn Hardest),
    /// A value for each row, from a softmax over its products with the rows of a projection.
    Linear(&'a dyn Softmax),
    /// A value for each pair of segments, from the log-probabilities of their rows' labels under a softmax like that of
    /// `Linear`.
    Segments(&'a dyn Segments),
    /// A value for each row, from two softmaxes over its products with the rows of two projections.
    LinearDivergence(&'a dyn Divergence),
    /// A value for each pair of channels of an item, from their Gram matrices.
    Gram(&'a dyn Pointwise),
    /// A value for each item: the sum over all differences of neighbouring pixels.
    Neighbours(&'a dyn Pointwise),
    /// A value for each item: the mean over windows of its two pictures.
    Windows(&'a dyn Windows),
    /// A value for each item, from all alignments of its labels with its steps.
    Alignments(&'a dyn Alignments),
}

impl Leaf<'_> {
    /// The name of the family.
    pub fn family(&self) -> &'static str {
        match self {
            Leaf::Pointwise(_) => "pointwise",
            Leaf::Boxes(_) => "boxes",
            Leaf::Softmax(_) => "softmax",
            Leaf::ClassSum(_) => "class_sum",
            Leaf::Divergence(_) => "divergence",
            Leaf::Region(_) => "region",
            Leaf::Vectors(_) => "vectors",
            Leaf::Composite(_) => "composite",
            Leaf::Similarity(_) => "similarity",
            Leaf::Hardest(_) => "hardest",
            Leaf::Linear(_) => "linear",
            Leaf::Segments(_) => "segments",
            Leaf::LinearDivergence(_) => "linear_divergence",
            Leaf::Gram(_) => "gram",
            Leaf::Neighbours(_) => "neighbours",
            Leaf::Windows(_) => "windows",
            Leaf::Alignments(_) => "alignments",
        }
    }

    /// The name of the loss's second sum, if it has one. A mean divides this sum by the number of values, without class
    /// weights.
    pub(crate) fn extra(&self) -> Option<&'static str> {
        if let Leaf::Softmax(leaf) | Leaf::Linear(leaf) = self { leaf.extra() } else { None }
    }

    /// The loss that is fused with this one, if any.
    pub(crate) fn fused_loss(&self) -> Option<FusedLoss> {
        if let Leaf::Region(leaf) = self { leaf.fused_loss() } else { None }
    }

    /// Whether a mask may leave out single classes of a position. It may for a region loss that has no fused loss, or
    /// whose fused loss scores each element by itself.
    pub(crate) fn scores_elements_apart(&self) -> bool {
        match self {
            Leaf::Region(leaf) => leaf.fused_loss().is_none_or(|fused| fused.of_elements().is_some()),
            _ => false,
        }
    }

    /// The bound c of the soft cap on the logits, if there is one.
    pub(crate) fn cap(&self) -> Option<f64> {
        match self {
            Leaf::Softmax(leaf) | Leaf::Linear(leaf) => leaf.cap(),
            Leaf::Segments(leaf) => leaf.cap(),
            Leaf::Divergence(leaf) | Leaf::LinearDivergence(leaf) => leaf.cap(),
            _ => None,
        }
    }

    /// The weights of the levels of a loss of windows; empty where the loss sees its pictures at one size.
    pub(crate) fn levels(&self) -> &[f64] {
        if let Leaf::Windows(leaf) = self { leaf.levels() } else { &[] }
    }

    /// The names of optional operands that these options need, each with the name of the option that needs it.
    pub(crate) fn needs(&self) -> &'static [(&'static str, &'static str)] {
        if let Leaf::Pointwise(leaf) = self { leaf.needs() } else { &[] }
    }

    /// Whether the leaf scores whole sequences, each by a mean over its elements.
    pub(crate) fn of_sequences(&self) -> bool {
        if let Leaf::Pointwise(leaf) = self { leaf.of_sequences() } else { false }
    }

    /// The name of the table that is read under these options, where the loss has several tables.
    pub(crate) fn table(&self) -> Option<&'static str> {
        if let Leaf::Pointwise(leaf) = self { leaf.table() } else { None }
    }

    /// The name of an option whose value conflicts with other options, and which values it may have instead.
    pub(crate) fn conflict(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Leaf::Pointwise(leaf) => leaf.conflict(),
            Leaf::Region(leaf) => leaf.conflict(),
            _ => None,
        }
    }

    /// The name of an option whose value needs labels as the target, and what it may be where the target is floats.
    pub(crate) fn needs_labels(&self) -> Option<(&'static str, &'static str)> {
        if let Leaf::Region(leaf) = self { leaf.needs_labels() } else { None }
    }
}

impl FusedLoss {
    /// The leaf of a fused loss that scores each element by itself; `None` for a softmax.
    pub(crate) fn of_elements(&self) -> Option<&dyn Pointwise> {
        if let Leaf::Pointwise(leaf) = self.loss.leaf() { Some(leaf) } else { None }
    }
}
