//! What an operand is to a loss: its role, which settles its shape and dtype, and the values it holds.

use crate::leaf::Leaf;
use crate::loss::Loss;
use crate::shape::{ClassAxis, Classes, without_classes};

/// What an operand is to a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A float for each element, of the prediction's shape.
    Element,
    /// A float for each element of the last axis.
    Column,
    /// A float for each row: of the prediction's shape without its last axis.
    Row,
    /// A prediction with a class axis, `[N, C, ...]`.
    Classes,
    /// A target with one label a position, or one float for each element of the prediction.
    Target,
    /// A target with one label a position.
    Labels,
    /// One float for each element of the prediction with a class axis.
    Dense,
    /// A float for each class, `[C]`.
    PerClass,
    /// A float for each value of the unreduced loss: a factor.
    Weight,
    /// A float for each value of the unreduced loss: nonzero keeps, zero leaves out whatever stands there.
    Mask,
    /// An integer for each item, `[N]`, that is looked up in the table.
    Index,
    /// The table, `[T]`.
    Table,
    /// An operand of a sum of losses, which one of them checks.
    Part,
    /// A row for each item, `[N, D]`: what is compared with all others, and what with.
    Rows,
    /// More rows to compare with, `[M, D]`.
    MoreRows,
    /// A piece of the rows, `[n, D]`, which is compared with all of them in their stead.
    Anchors,
    /// A label of any value for each row, `[N]`: rows of equal labels belong together.
    RowLabels,
    /// Feature maps whose channels are compared, `[N, C, ...]`.
    Channels,
    /// The row of each class of a projection, `[V, D]`.
    Projection,
    /// A float for each class of a projection, `[V]`.
    PerProjection,
    /// One number, `[1]`, that scores are multiplied by.
    Scale,
    /// One number, `[1]`, that is added to scores.
    Shift,
}

/// The values that an operand holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// Any real number.
    Real,
    /// From 0 to 1.
    Probability,
    /// 0 or 1.
    Binary,
    /// −1 or 1.
    Sign,
    /// Greater than 0.
    Positive,
    /// The log of a probability or a ratio of some, whose exponential is no large number.
    Log,
    /// Corners of boxes, the second two beyond the first.
    Corners,
}

impl Role {
    /// Whether an operand of this role holds integers alone.
    pub const fn is_integer(self) -> bool {
        matches!(self, Role::Labels | Role::Index | Role::RowLabels)
    }
}

/// One axis of an operand's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Of this length.
    Of(usize),
    /// No longer than this.
    AtMost(usize),
    /// As long as the caller has it, but alike in all operands that have an axis of this name.
    Free(&'static str),
}

/// The sizes that the operands of a call have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Sizes {
    /// The shape of the first operand, which the others follow.
    pub leader: Vec<usize>,
    /// Where its class axis lies.
    pub class_axis: ClassAxis,
    /// Whether a target holds a float for each element rather than a label for each position.
    pub dense: bool,
    /// The shape of the unreduced loss.
    pub values: Vec<usize>,
}

impl Sizes {
    /// The sizes of a call of a loss.
    pub fn new(loss: &dyn Loss, leader: &[usize], class_axis: ClassAxis, dense: bool) -> Sizes {
        Sizes { leader: leader.to_vec(), class_axis, dense, values: values(loss, leader, class_axis) }
    }

    /// The shape of an operand.
    pub fn shape(&self, role: Role) -> Vec<Axis> {
        let of = |shape: &[usize]| shape.iter().map(|&d| Axis::Of(d)).collect::<Vec<_>>();
        let last = self.leader.len().saturating_sub(1);
        match role {
            Role::Element | Role::Classes | Role::Dense | Role::Rows | Role::Channels => of(&self.leader),
            Role::Target if self.dense => of(&self.leader),
            Role::Target | Role::Labels => of(&without_classes(&self.leader, self.class_axis)),
            Role::Column => of(&self.leader[last..]),
            Role::Row => of(&self.leader[..last]),
            Role::PerClass => vec![Axis::Of(class_count(&self.leader, self.class_axis))],
            Role::Weight | Role::Mask => of(&self.values),
            Role::Index => of(&self.leader[..1.min(self.leader.len())]),
            Role::Table => vec![Axis::Free("T")],
            Role::Part => of(&self.leader),
            Role::Anchors => {
                let most = self.leader.first().copied().map(Axis::AtMost);
                most.into_iter().chain(of(&self.leader[1.min(self.leader.len())..])).collect()
            }
            Role::MoreRows => [vec![Axis::Free("M")], of(&self.leader[last..])].concat(),
            Role::RowLabels => of(&self.leader[..1.min(self.leader.len())]),
            Role::Projection => [vec![Axis::Free("V")], of(&self.leader[last..])].concat(),
            Role::PerProjection => vec![Axis::Free("V")],
            Role::Scale | Role::Shift => vec![Axis::Of(1)],
        }
    }
}

/// The shape of the unreduced loss.
fn values(loss: &dyn Loss, leader: &[usize], axis: ClassAxis) -> Vec<usize> {
    match loss.leaf() {
        Leaf::Pointwise(_) if loss.header().player(Role::Index).is_some() => leader[..1.min(leader.len())].to_vec(),
        Leaf::Pointwise(_) => leader.to_vec(),
        Leaf::Boxes(_) => leader[..leader.len().saturating_sub(1)].to_vec(),
        Leaf::Composite(_) => Vec::new(),
        Leaf::Softmax(_) | Leaf::ClassSum(_) | Leaf::Divergence(_) => without_classes(leader, axis),
        Leaf::Vectors(_) => leader[..1.min(leader.len())].to_vec(),
        Leaf::Similarity(_) | Leaf::Linear(_) => leader[..1.min(leader.len())].to_vec(),
        Leaf::Gram(_) => {
            vec![leader.first().copied().unwrap_or(1), class_count(leader, axis), class_count(leader, axis)]
        }
        Leaf::Region(leaf) => {
            let settings = leaf.settings();
            let seen = class_count(leader, axis).saturating_sub(usize::from(!settings.include_background));
            let items = leader.first().copied().unwrap_or(1);
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
