//! What each family's walk runs over, and what of it a loss may not be asked for.

use super::{Labels, Pairs, Walk, mismatch};
use crate::error::{Error, Result};
use crate::leaf::{Activation, Leaf, Pointwise, RegionSettings};
use crate::loss::{Header, OperandSpec};
use crate::role::Role;
use crate::shape::Classes;
use crate::term::{Operand, Part};

type Walked = (Walk, Option<Labels>);

/// The walk of a part and the integers to be checked, where there are any.
pub(super) fn of<T: Operand>(part: &Part<T>, header: &'static Header, leader: &T, dense: bool) -> Result<Walked> {
    let target = header.player(Role::Target).filter(|_| !dense).or(header.player(Role::Labels));
    let labels = |count, ignored| target.map(|spec| Labels { operand: spec.name, count, ignored });
    let player = |role| header.player(role).and_then(|spec| part.operand(spec.name));
    let classes = || match Classes::of(leader.shape(), leader.class_axis()) {
        Some(classes) if classes.c > 0 => Ok(classes),
        _ => Err(mismatch(header, header.operands[0].name, "[N, C, ...] with at least one class".into(), leader)),
    };
    Ok(match part.loss.leaf() {
        Leaf::Pointwise(leaf) => pointwise(part, header, leader, leaf)?,
        Leaf::Boxes(_) => match leader.shape().split_last() {
            // the product fits: the whole shape's has been counted
            Some((4, shape)) => (Walk::Elements { items: 1, per_item: shape.iter().product() }, None),
            _ => return Err(mismatch(header, header.operands[0].name, "[..., 4]".into(), leader)),
        },
        Leaf::Composite(_) => unreachable!("sums of losses are taken apart before"),
        Leaf::Softmax(leaf) => {
            let classes = classes()?;
            // labels are those of the whole row
            let count = part.classes_from.map_or(classes.c, |classes| classes.of);
            (Walk::Positions(classes), labels(count, Some(leaf.ignore_index())))
        }
        Leaf::ClassSum(leaf) => {
            let classes = classes()?;
            (Walk::Positions(classes), labels(classes.c, leaf.ignore_index()))
        }
        Leaf::Divergence(_) => (Walk::Positions(classes()?), None),
        Leaf::Region(leaf) => {
            let (classes, settings) = (classes()?, leaf.settings());
            (Walk::Regions(classes), labels(classes.c.max(2), settings.ignore_index))
        }
        Leaf::Vectors(_) => {
            let (rows, width) = rows(header, leader)?;
            (Walk::Rows { rows, width }, None)
        }
        Leaf::Gram(_) => (Walk::Gram(classes()?), None),
        Leaf::Similarity(_) => (Walk::Similarity(similarity(part, header, leader)?), None),
        Leaf::Linear(leaf) => {
            let (rows, width) = rows(header, leader)?;
            let (spec, projection) = header.player(Role::Projection).zip(player(Role::Projection)).expect("required");
            let others = projection.shape().first().copied().unwrap_or(0);
            if others == 0 {
                return Err(mismatch(header, spec.name, "[V, D] with at least one class".into(), projection));
            }
            (Walk::Linear(Pairs { rows, others, first: 0, more: 0, width }), labels(others, Some(leaf.ignore_index())))
        }
    })
}

/// The two axes of a prediction that is rows.
fn rows<T: Operand>(header: &'static Header, leader: &T) -> Result<(usize, usize)> {
    match leader.shape() {
        &[rows, width] => Ok((rows, width)),
        _ => Err(mismatch(header, header.operands[0].name, "[N, D]".into(), leader)),
    }
}

/// The rows of a loss of all pairs, all of a batch or a piece of it.
fn similarity<T: Operand>(part: &Part<T>, header: &'static Header, leader: &T) -> Result<Pairs> {
    let (rows, width) = rows(header, leader)?;
    let first = part.rows_from.unwrap_or(0);
    let more = part.of_role(Role::MoreRows).and_then(|more| more.shape().first().copied()).unwrap_or(0);
    let given = |spec: &'static OperandSpec| Some((spec.name, part.operand(spec.name)?));
    if let Some((name, anchors)) = header.player(Role::Anchors).and_then(given) {
        return match *anchors.shape() {
            [n, columns] if columns == width && first.checked_add(n).is_some_and(|end| end <= rows) => {
                Ok(Pairs { rows: n, others: rows, first, more, width })
            }
            _ => Err(mismatch(header, name, format!("[n, {width}] with {first} + n ≤ {rows}"), anchors)),
        };
    }
    let keys = header.operands.iter().filter(|spec| spec.role == Role::Rows).nth(1).and_then(given);
    // only a piece may have more keys than rows
    let others = match keys.filter(|_| part.rows_from.is_some()) {
        None => rows,
        Some((name, keys)) => match *keys.shape() {
            [n, columns] if columns == width && first.checked_add(rows).is_some_and(|end| end <= n) => n,
            _ => return Err(mismatch(header, name, format!("[N, {width}] with {first} + {rows} ≤ N"), keys)),
        },
    };
    Ok(Pairs { rows, others, first, more, width })
}

fn pointwise<T: Operand>(part: &Part<T>, header: &'static Header, leader: &T, leaf: &dyn Pointwise) -> Result<Walked> {
    let shape = leader.shape();
    // the product fits: the shape's elements have been counted
    let count = shape.iter().product();
    if let Some(columns) = leaf.columns().filter(|columns| shape.last() != Some(&columns.len())) {
        return Err(mismatch(header, header.operands[0].name, format!("[..., {}]", columns.len()), leader));
    }
    let (Some(index), Some(table)) = (header.player(Role::Index), header.player(Role::Table)) else {
        return Ok((Walk::Elements { items: 1, per_item: count }, None));
    };
    let Some(&items) = shape.first() else {
        return Err(mismatch(header, header.operands[0].name, "[N, ...]".into(), leader));
    };
    let per_item = shape[1..].iter().product();
    let count = part.operand(table.name).and_then(|t| t.shape().first().copied()).unwrap_or(0);
    let labels = Labels { operand: index.name, count, ignored: None };
    Ok((Walk::Elements { items, per_item }, Some(labels)))
}

/// Refuses options that do not go with the prediction's shape.
pub(super) fn options_of<T: Operand>(part: &Part<T>) -> Result<()> {
    let header = part.loss.header();
    let leader = part.operand(header.operands[0].name);
    let classes = leader.and_then(|leader| Classes::of(leader.shape(), leader.class_axis()));
    match (part.loss.leaf(), classes) {
        (Leaf::Region(leaf), Some(classes)) => one_channel(header, classes, &leaf.settings()),
        _ => Ok(()),
    }
}

fn one_channel(header: &'static Header, classes: Classes, settings: &RegionSettings) -> Result<()> {
    let refuse = |option: &str, value: String, expected: &str| {
        Err(Error::InvalidOption { loss: header.id, option: option.into(), value, expected: expected.into() })
    };
    match (classes.c, settings.activation, settings.include_background) {
        (1, Activation::Softmax, _) => refuse("activation", "softmax".into(), "sigmoid or none, for one channel"),
        (1, _, false) => refuse("include_background", "false".into(), "true, for one channel"),
        _ => Ok(()),
    }
}
