//! The shapes of the operands of one call, which follow from their roles.

use super::operand::Role;
use crate::leaf::Leaf;
use crate::loss::Loss;
use crate::shape::{ClassAxis, Classes, without_classes};

/// One axis of an operand's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Of this length.
    Of(usize),
    /// No longer than this.
    AtMost(usize),
    /// Of any length, the same in all operands that have an axis of this name.
    Free(&'static str),
}

/// The sizes from which the shapes of all operands of a call follow.
#[derive(Clone, Debug, PartialEq)]
pub struct Sizes {
    /// The shape of the first operand, which decides the shapes of the others.
    pub leader: Vec<usize>,
    /// Which axis of the first operand is the class axis.
    pub class_axis: ClassAxis,
    /// Whether a target holds a float for each element rather than a label for each position.
    pub dense: bool,
    /// The shape of the unreduced loss.
    pub values: Vec<usize>,
    /// The shape of masks and sample weights: for a region loss that of its positions, for a sum of losses that of its
    /// items, for all others that of the unreduced loss.
    pub factors: Vec<usize>,
    /// The length of an operand with a number for each class: the length of the class axis, or the number of classes of a
    /// projection.
    pub per_class: Axis,
}

impl Sizes {
    /// The sizes of a call whose first operand has the shape `leader`.
    pub fn new(loss: &dyn Loss, leader: &[usize], class_axis: ClassAxis, dense: bool) -> Sizes {
        let values = values(loss, leader, class_axis);
        let factors = match loss.leaf() {
            Leaf::Region(_) => without_classes(leader, class_axis),
            Leaf::Composite(_) => leader[..1.min(leader.len())].to_vec(),
            _ => values.clone(),
        };
        let per_class = match loss.leaf() {
            Leaf::Linear(_) | Leaf::LinearDivergence(_) | Leaf::Segments(_) => Axis::Free("V"),
            _ => Axis::Of(class_count(leader, class_axis)),
        };
        Sizes { leader: leader.to_vec(), class_axis, dense, values, factors, per_class }
    }

    /// The shape of an operand with this role.
    pub fn shape(&self, role: Role) -> Vec<Axis> {
        let of = |shape: &[usize]| shape.iter().map(|&d| Axis::Of(d)).collect::<Vec<_>>();
        let last = self.leader.len().saturating_sub(1);
        match role {
            Role::Element
            | Role::Classes
            | Role::Dense
            | Role::Rows
            | Role::Channels
            | Role::Pictures
            | Role::Steps => of(&self.leader),
            Role::Sequences => of(&self.values).into_iter().chain([Axis::Free("S")]).collect(),
            Role::StepCounts | Role::SequenceLengths => of(&self.values),
            Role::Target if self.dense => of(&self.leader),
            Role::Target | Role::Labels => of(&without_classes(&self.leader, self.class_axis)),
            Role::Column => of(&self.leader[last..]),
            Role::Row => of(&self.leader[..last]),
            Role::PerClass | Role::PosWeight => vec![self.per_class],
            Role::Weight => of(&self.values),
            Role::SampleWeight | Role::Mask => of(&self.factors),
            Role::Index => of(&self.leader[..1.min(self.leader.len())]),
            Role::Table => vec![Axis::Free("T")],
            Role::Averaged => vec![Axis::Free("M")],
            Role::Part => of(&self.leader),
            Role::Anchors => {
                let most = self.leader.first().copied().map(Axis::AtMost);
                most.into_iter().chain(of(&self.leader[1.min(self.leader.len())..])).collect()
            }
            Role::MoreRows => [vec![Axis::Free("M")], of(&self.leader[last..])].concat(),
            Role::RowLabels | Role::Segments => of(&self.leader[..1.min(self.leader.len())]),
            Role::PerSegment => self.values.iter().map(|&pairs| Axis::Of(2 * pairs)).collect(),
            Role::Projection => [vec![Axis::Free("V")], of(&self.leader[last..])].concat(),
            Role::TeacherRows => {
                of(&self.leader[..1.min(self.leader.len())]).into_iter().chain([Axis::Free("E")]).collect()
            }
            Role::TeacherProjection => vec![Axis::Free("V"), Axis::Free("E")],
            Role::PerProjection => vec![Axis::Free("V")],
            Role::Scale | Role::Shift => vec![Axis::Of(1)],
        }
    }
}

/// The shape of the unreduced loss.
fn values(loss: &dyn Loss, leader: &[usize], axis: ClassAxis) -> Vec<usize> {
    match loss.leaf() {
        Leaf::Pointwise(_) if loss.header().of_role(Role::Index).is_some() => leader[..1.min(leader.len())].to_vec(),
        Leaf::Pointwise(_) => leader.to_vec(),
        Leaf::Boxes(_) => leader[..leader.len().saturating_sub(1)].to_vec(),
        Leaf::Composite(_) => Vec::new(),
        Leaf::Softmax(_) | Leaf::ClassSum(_) | Leaf::Divergence(_) => without_classes(leader, axis),
        Leaf::Vectors(_) | Leaf::Neighbours(_) | Leaf::Windows(_) => leader[..1.min(leader.len())].to_vec(),
        // the steps come before the items
        Leaf::Alignments(_) => leader.get(1).copied().into_iter().collect(),
        Leaf::Similarity(_) | Leaf::Hardest(_) | Leaf::Linear(_) | Leaf::LinearDivergence(_) => {
            leader[..1.min(leader.len())].to_vec()
        }
        // In a call, the operand of the role `PerSegment` decides how many pairs there are. Here only the number of rows
        // is known, and the guess is √rows segments, two for each pair.
        Leaf::Segments(_) => leader.first().map(|&rows| rows.isqrt().div_ceil(2)).into_iter().collect(),
        Leaf::Gram(_) => {
            vec![leader.first().copied().unwrap_or(1), class_count(leader, axis), class_count(leader, axis)]
        }
        Leaf::Region(leaf) => {
            let settings = leaf.settings();
            let seen = class_count(leader, axis).saturating_sub(usize::from(!settings.include_background));
            let items = if settings.batch { 1 } else { leader.first().copied().unwrap_or(1) };
            match (settings.batch, settings.together) {
                (_, true) => vec![items],
                (true, _) => vec![seen],
                _ => vec![items, seen],
            }
        }
    }
}

fn class_count(shape: &[usize], axis: ClassAxis) -> usize {
    Classes::of(shape, axis).map_or_else(|| shape.last().copied().unwrap_or(1), |classes| classes.c)
}
