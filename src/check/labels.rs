//! The range that a part's labels have to lie in.

use super::work::{ClassFold, Work};
use crate::array::Array;
use crate::error::{Error, Result};
use crate::loss::Header;
use crate::role::Role;
use crate::term::{Operand, Part};

/// The range of an operand's integers: `0..count`, and `ignored`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Labels {
    pub operand: &'static str,
    pub count: usize,
    pub ignored: Option<i32>,
    /// The lengths of sequences, which have ranges too.
    pub lengths: Option<Lengths>,
    /// The segments of rows, which have a range too.
    pub segments: Option<SegmentNumbers>,
}

/// The range of the segments that rows belong to. Each row has a label and a segment. A kernel reports a bad one by its
/// place: the labels of all rows are numbered first, then the segments of all rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SegmentNumbers {
    pub operand: &'static str,
    pub rows: usize,
    pub count: usize,
}

/// The ranges of the lengths of items. A kernel reports a bad number by its place. Places run over the items' numbers of
/// steps, then over their numbers of labels, then one place for the sum of the numbers of labels, then over the labels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lengths {
    /// The operands with the numbers of steps and of labels.
    pub operands: [&'static str; 2],
    pub items: usize,
    /// The most steps and the most labels of an item.
    pub most: [usize; 2],
    /// How many labels all items have together, where these follow each other without gaps. The items' numbers of labels
    /// have to add up to this.
    pub joined: Option<usize>,
}

impl Labels {
    /// The range `0..count` of an operand, without an ignored label.
    pub fn below(operand: &'static str, count: usize) -> Labels {
        Labels { operand, count, ignored: None, lengths: None, segments: None }
    }

    /// Refuses an array whose integers are not all in range, and names the first that is not.
    pub fn check(&self, loss: &'static str, array: &Array) -> Result<()> {
        let labels = array.to_i64();
        labels.iter().enumerate().try_for_each(|(position, &label)| self.check_one(loss, position, label))
    }

    /// Refuses an integer out of range.
    pub fn check_one(&self, loss: &'static str, position: usize, value: i64) -> Result<()> {
        if self.ignores(value) || (0..self.count as i64).contains(&value) {
            return Ok(());
        }
        Err(Error::LabelOutOfRange {
            loss,
            operand: self.operand.into(),
            position: position as u64,
            value,
            count: self.count as u64,
            ignored: self.ignored,
        })
    }

    /// Whether this label is ignored.
    pub fn ignores(&self, label: i64) -> bool {
        self.ignored.map(i64::from) == Some(label)
    }
}

/// The range of a part's labels, index or sequences, if it has any.
pub(super) fn labels<T: Operand>(part: &Part<T>, work: Work<'_>) -> Option<Labels> {
    let header = part.loss.header();
    // a shard holds some of a row's classes, but its labels count all of them
    let all = |own: usize| part.classes_from.map_or(own, |classes| classes.of);
    let (count, ignored) = match work {
        Work::Positions { leaf: ClassFold::Softmax(leaf), classes } => (all(classes.c), Some(leaf.ignore_index())),
        Work::Positions { leaf: ClassFold::ClassSum(leaf), classes } => (all(classes.c), leaf.ignore_index()),
        // one channel has the labels 0 and 1
        Work::Regions { leaf, classes } => (classes.c.max(2), leaf.settings().ignore_index),
        Work::Linear { leaf, pairs } => (all(pairs.others), Some(leaf.ignore_index())),
        Work::Segments { leaf, pairs, .. } => (pairs.others, Some(leaf.ignore_index())),
        Work::Elements { .. } => {
            let (index, table) = (header.of_role(Role::Index)?, part.of_role(Role::Table)?);
            let count = table.shape().first().copied().unwrap_or(0);
            return Some(Labels::below(index.name, count));
        }
        Work::Alignments { lattice, .. } => {
            let name = |role| header.of_role(role).map_or("", |spec| spec.name);
            let lengths = Lengths {
                operands: [name(Role::StepCounts), name(Role::SequenceLengths)],
                items: lattice.items,
                most: [lattice.steps, lattice.longest()],
                joined: if lattice.width.is_none() { Some(lattice.labels) } else { None },
            };
            let (operand, count) = (name(Role::Sequences), lattice.classes);
            return Some(Labels { lengths: Some(lengths), ..Labels::below(operand, count) });
        }
        _ => return None,
    };
    let target = header.of_role(Role::Target).filter(|_| !part.is_dense()).or(header.of_role(Role::Labels))?;
    Some(Labels { ignored, segments: segments(header, work), ..Labels::below(target.name, count) })
}

fn segments(header: &Header, work: Work<'_>) -> Option<SegmentNumbers> {
    let Work::Segments { pairs, segments, .. } = work else { return None };
    let operand = header.of_role(Role::Segments)?.name;
    Some(SegmentNumbers { operand, rows: pairs.rows, count: segments })
}
