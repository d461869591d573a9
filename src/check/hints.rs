//! Hints for the refusal of a shape: how the operand was read, and what would make it fit.

use crate::leaf::Leaf;
use crate::loss::OperandSpec;
use crate::role::{Axis, Role, Sizes};
use crate::shape::ClassAxis;
use crate::term::{Operand, Part};

/// The hints for an operand that does not fit. Each begins with the comma or semicolon before it.
pub(super) fn of<T: Operand>(part: &Part<T>, spec: &OperandSpec, got: &T, leader: &T) -> String {
    let mut hints = reading(spec, got, leader);
    hints += &other_axis(part, spec, got, leader);
    hints += &more_keys(part, spec, got, leader);
    hints += &more_labels(part, spec);
    hints += &broadcast(part, spec, leader);
    hints
}

/// Says how a target is read, which its dtype decides; and that labels are not one-hot.
fn reading<T: Operand>(spec: &OperandSpec, got: &T, leader: &T) -> String {
    let (name, dtype) = (spec.name, got.dtype());
    match spec.role {
        Role::Target if dtype.is_float() => {
            format!(", since `{name}` holds {dtype}, read as probabilities; labels are integers")
        }
        Role::Target => {
            format!(", since `{name}` holds {dtype}, read as labels; probabilities and one-hot targets are floats")
        }
        Role::Labels if got.shape() == leader.shape() => ", since labels are one a position, not one-hot".into(),
        _ => String::new(),
    }
}

/// Says so where the operand would fit if the prediction had its classes along the other axis.
fn other_axis<T: Operand>(part: &Part<T>, spec: &OperandSpec, got: &T, leader: &T) -> String {
    let header = part.loss.header();
    if !matches!(header.operands[0].role, Role::Classes | Role::Channels | Role::Pictures) {
        return String::new();
    }
    let (axis, how) = match leader.class_axis() {
        ClassAxis::Second => (ClassAxis::Last, "with"),
        ClassAxis::Last => (ClassAxis::Second, "without"),
    };
    let shape = Sizes::new(&*part.loss, leader.shape(), axis, part.is_dense()).shape(spec.role);
    let fits = shape.iter().copied().eq(got.shape().iter().map(|&length| Axis::Of(length)));
    match fits {
        true => format!("; it would fit {how} `class_axis_last` on `{}`", part.leader_name()),
        false => String::new(),
    }
}

/// The other number of labels that is allowed where further rows may have labels too.
fn more_labels<T: Operand>(part: &Part<T>, spec: &OperandSpec) -> String {
    let further = part.loss.header().of_role(Role::MoreRows).filter(|_| spec.role == Role::RowLabels);
    let given = further.and_then(|further| Some((further.name, part.operand(further.name)?.shape().first()?)));
    given.map_or_else(String::new, |(name, count)| format!(", or {count} more, the labels of `{name}`"))
}

/// The other shapes that an operand may have if it is broadcast to the shape of the elements.
fn broadcast<T: Operand>(part: &Part<T>, spec: &OperandSpec, leader: &T) -> String {
    let by_item = part.loss.header().of_role(Role::Index).is_some();
    match (part.loss.leaf(), spec.role) {
        (Leaf::Pointwise(_), Role::Weight | Role::Column) if !by_item => {
            format!(", or a shape that broadcasts to {:?}", leader.shape())
        }
        (Leaf::Pointwise(_), Role::SampleWeight) if !by_item && leader.shape().len() > 1 => {
            format!(", or [{}], one for each item", leader.shape()[0])
        }
        _ => String::new(),
    }
}

/// Says, where an operand has more keys than there are queries, which operand takes further keys, and what a shard has to set.
fn more_keys<T: Operand>(part: &Part<T>, spec: &OperandSpec, got: &T, leader: &T) -> String {
    let header = part.loss.header();
    let is_key = spec.role == Role::Rows && spec.name != part.leader_name();
    let (&[rows, width], &[more, as_wide]) = (leader.shape(), got.shape()) else { return String::new() };
    if !matches!(part.loss.leaf(), Leaf::Similarity(_)) || !is_key || width != as_wide || more <= rows {
        return String::new();
    }
    let first = part.leader_name();
    let negatives = match header.of_role(Role::MoreRows) {
        Some(spec) => format!("rows that belong to no `{first}` are `{}`, and ", spec.name),
        None => String::new(),
    };
    format!("; {negatives}a shard of a batch says by `rows_from` where its `{first}` begins")
}
