//! The work of a part: its leaf together with the sizes that its walk runs over.

use super::refusal::mismatch;
use crate::error::{Error, Result};
use crate::leaf::{
    Alignments, Boxes, ClassSum, Divergence, Hardest, Leaf, Pointwise, Region, Segments, Similarity, Softmax, Vectors,
    Windows,
};
use crate::loss::{Header, OperandSpec};
use crate::reduction::Reduction;
use crate::role::Role;
use crate::shape::{Classes, Pictures};
use crate::term::{KeysFrom, Operand, Part};

/// The work of a part. The twin and the plan each match this once.
#[derive(Clone, Copy)]
pub(crate) enum Work<'a> {
    /// A value for each element, and `items` is 1. Where the loss looks up a number for each item: a value for each of `items`,
    /// which is the mean over the item's `per_item` elements. Where the loss goes by sequences: a value for each element of
    /// `items` sequences, each of `per_item` elements.
    Elements { leaf: &'a dyn Pointwise, items: usize, per_item: usize },
    /// A value for each of `count` pairs of boxes.
    Boxes { leaf: &'a dyn Boxes, count: usize },
    /// A value for each position, from a fold over its classes.
    Positions { leaf: ClassFold<'a>, classes: Classes },
    /// A value for each region, from sums over its positions.
    Regions { leaf: &'a dyn Region, classes: Classes },
    /// A value for each row, from the distances between its vectors of `width` coordinates.
    Vectors { leaf: &'a dyn Vectors, rows: usize, width: usize },
    /// A value for each row, from its scores against other rows.
    Similarity { leaf: &'a dyn Similarity, pairs: Pairs },
    /// A value for each row, from its greatest and its least distance to other rows.
    Hardest { leaf: &'a dyn Hardest, pairs: Pairs },
    /// A value for each row, from its products with the rows of a projection.
    Linear { leaf: &'a dyn Softmax, pairs: Pairs },
    /// A value for each pair of segments, from the log-probabilities of their rows' labels under a projection. `segments`
    /// is twice the number of pairs.
    Segments { leaf: &'a dyn Segments, pairs: Pairs, segments: usize },
    /// A value for each row, from its products with the rows of a projection, and the products of a teacher's row with
    /// the rows of a teacher's projection, which have `teacher_width` elements.
    LinearDivergence { leaf: &'a dyn Divergence, pairs: Pairs, teacher_width: usize },
    /// A value for each pair of channels of an item.
    Gram { leaf: &'a dyn Pointwise, classes: Classes },
    /// A value for each item, from the differences of neighbouring pixels.
    Neighbours { leaf: &'a dyn Pointwise, pictures: Pictures },
    /// A value for each item, from the windows of its two pictures. A picture has at least one window.
    Windows { leaf: &'a dyn Windows, pictures: Pictures },
    /// A value for each item, from all alignments of its labels with its steps.
    Alignments { leaf: &'a dyn Alignments, lattice: Lattice },
    /// A value for each item, from windows of its two pictures at several levels, each with at least one window.
    Levels { leaf: &'a dyn Windows, pictures: Pictures },
}

/// The leaf of a loss with a value for each position, by the fold over the position's classes.
#[derive(Clone, Copy)]
pub(crate) enum ClassFold<'a> {
    /// One softmax.
    Softmax(&'a dyn Softmax),
    /// A plain sum.
    ClassSum(&'a dyn ClassSum),
    /// Two softmaxes.
    Divergence(&'a dyn Divergence),
}

/// Rows, and the rows that each is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pairs {
    /// The number of rows that have a value each.
    pub rows: usize,
    /// The number of rows that each is compared with: the rows of the batch, which `rows` may be a shard of, or the
    /// classes of a projection.
    pub others: usize,
    /// The place in the batch of the first of `rows`.
    pub first: usize,
    /// The place in the batch of the first of `others`, where these are a shard of the keys.
    pub first_other: usize,
    /// The number of keys of the whole batch: `others`, or the keys of all shards together.
    pub keys: usize,
    /// The number of further rows that each is compared with, which have no place in the batch.
    pub more: usize,
    /// Whether the further rows have labels, which follow those of the keys.
    pub more_labelled: bool,
    /// The number of elements of a row.
    pub width: usize,
}

/// The steps of items, and the labels that they spell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lattice {
    pub steps: usize,
    pub items: usize,
    pub classes: usize,
    /// The number of labels that all items together have room for.
    pub labels: usize,
    /// The number of labels that each item has room for; `None` where the labels of all items follow each other without gaps.
    pub width: Option<usize>,
}

impl Lattice {
    /// The element of a class at a step of an item.
    pub fn element(&self, step: usize, item: usize, class: usize) -> usize {
        (step * self.items + item) * self.classes + class
    }

    /// The most labels that an item may have.
    pub fn longest(&self) -> usize {
        self.width.unwrap_or(self.labels)
    }
}

/// The work of a part. It follows from the part's shapes and options alone, so it is cheap to ask for again.
///
/// # Errors
/// [`Error::ShapeMismatch`] where the first operand does not have the axes that the family needs;
/// [`Error::InvalidOperand`] where the part is a sum of losses, which has no work of its own.
pub(crate) fn work<T: Operand>(part: &Part<T>) -> Result<Work<'_>> {
    let header = part.loss.header();
    let leader = part.leader().ok_or_else(|| missing(header, part.leader_name()))?;
    let classes = || match Classes::of(leader.shape(), leader.class_axis()) {
        Some(classes) if classes.c > 0 => Ok(classes),
        _ => Err(mismatch(header, part.leader_name(), "[N, C, ...] with at least one class".into(), leader)),
    };
    let positions = |leaf| -> Result<Work<'_>> { Ok(Work::Positions { leaf, classes: classes()? }) };
    match part.loss.leaf() {
        Leaf::Pointwise(leaf) => elements(part, leaf, leader),
        Leaf::Boxes(leaf) => match leader.shape().split_last() {
            // the product fits a usize, since the elements of the whole shape were counted before
            Some((4, shape)) => Ok(Work::Boxes { leaf, count: shape.iter().product() }),
            _ => Err(mismatch(header, part.leader_name(), "[..., 4]".into(), leader)),
        },
        Leaf::Softmax(leaf) => positions(ClassFold::Softmax(leaf)),
        Leaf::ClassSum(leaf) => positions(ClassFold::ClassSum(leaf)),
        Leaf::Divergence(leaf) => positions(ClassFold::Divergence(leaf)),
        Leaf::Region(leaf) => Ok(Work::Regions { leaf, classes: classes()? }),
        Leaf::Vectors(leaf) => {
            let (rows, width) = rows(part, leader)?;
            Ok(Work::Vectors { leaf, rows, width })
        }
        Leaf::Similarity(leaf) => Ok(Work::Similarity { leaf, pairs: all_pairs(part, leader)? }),
        Leaf::Hardest(leaf) => Ok(Work::Hardest { leaf, pairs: all_pairs(part, leader)? }),
        Leaf::Linear(leaf) => Ok(Work::Linear { leaf, pairs: projected(part, leader)? }),
        Leaf::Segments(leaf) => Ok(Work::Segments { leaf, pairs: projected(part, leader)?, segments: segments(part)? }),
        Leaf::LinearDivergence(leaf) => {
            let (pairs, teacher_width) = (projected(part, leader)?, teacher_width(part)?);
            Ok(Work::LinearDivergence { leaf, pairs, teacher_width })
        }
        Leaf::Gram(leaf) => Ok(Work::Gram { leaf, classes: classes()? }),
        Leaf::Neighbours(leaf) => Ok(Work::Neighbours { leaf, pictures: pictures(part, leader)? }),
        Leaf::Windows(leaf) if leaf.levels().is_empty() => {
            Ok(Work::Windows { leaf, pictures: windows(part, leaf, leader)? })
        }
        Leaf::Windows(leaf) => Ok(Work::Levels { leaf, pictures: windows(part, leaf, leader)? }),
        Leaf::Alignments(leaf) => Ok(Work::Alignments { leaf, lattice: lattice(part, leader)? }),
        Leaf::Composite(_) => Err(Error::InvalidOperand {
            loss: header.id,
            operand: part.leader_name().into(),
            reason: "belongs to a sum of losses, which can't itself be a loss of a sum: list its losses instead".into(),
        }),
    }
}

fn missing(header: &Header, operand: &str) -> Error {
    Error::InvalidOperand { loss: header.id, operand: operand.into(), reason: "is missing".into() }
}

fn elements<'a, T: Operand>(part: &'a Part<T>, leaf: &'a dyn Pointwise, leader: &T) -> Result<Work<'a>> {
    let header = part.loss.header();
    let shape = leader.shape();
    if let Some(columns) = leaf.columns().filter(|columns| shape.last() != Some(&columns.len())) {
        return Err(mismatch(header, part.leader_name(), format!("[..., {}]", columns.len()), leader));
    }
    if part.goes_by_sequences() {
        let why = match part.reduction {
            Reduction::SequenceMean => "the reduction sequence_mean",
            _ => "a loss of whole sequences",
        };
        return match *shape {
            [items, per_item] => Ok(Work::Elements { leaf, items, per_item }),
            _ => {
                Err(mismatch(header, part.leader_name(), format!("[B, T], a row for each sequence, for {why}"), leader))
            }
        };
    }
    if header.of_role(Role::Index).is_none() || header.of_role(Role::Table).is_none() {
        // the product fits a usize, since the elements of the shape were counted before
        return Ok(Work::Elements { leaf, items: 1, per_item: shape.iter().product() });
    }
    match shape.split_first() {
        Some((&items, rest)) => Ok(Work::Elements { leaf, items, per_item: rest.iter().product() }),
        None => Err(mismatch(header, part.leader_name(), "[N, ...]".into(), leader)),
    }
}

fn pictures<T: Operand>(part: &Part<T>, leader: &T) -> Result<Pictures> {
    let pictures = Pictures::of(leader.shape(), leader.class_axis());
    pictures.ok_or_else(|| mismatch(part.loss.header(), part.leader_name(), "[N, C, H, W]".into(), leader))
}

/// Pictures that are large enough for a window, at every level.
fn windows<T: Operand>(part: &Part<T>, leaf: &dyn Windows, leader: &T) -> Result<Pictures> {
    let (pictures, size, levels) = (pictures(part, leader)?, leaf.settings().size, leaf.levels().len());
    // a level halves each side, and rounds up
    let least = size.saturating_sub(1).saturating_mul(1 << levels.saturating_sub(1)).saturating_add(1);
    if pictures.c > 0 && pictures.height >= least && pictures.width >= least {
        return Ok(pictures);
    }
    let why = match levels {
        0 | 1 => "a window's side".to_string(),
        _ => format!("since the last of {levels} levels has a window of {size} pixels"),
    };
    let expected = format!("[N, C, H, W] with at least one channel, and H and W of at least {least}, {why}");
    Err(mismatch(part.loss.header(), part.leader_name(), expected, leader))
}

fn lattice<T: Operand>(part: &Part<T>, leader: &T) -> Result<Lattice> {
    let header = part.loss.header();
    let &[steps, items, classes @ 1..=usize::MAX] = leader.shape() else {
        return Err(mismatch(header, part.leader_name(), "[T, N, C] with at least one class".into(), leader));
    };
    let name = header.of_role(Role::Sequences).map_or("targets", |spec| spec.name);
    let sequences = part.of_role(Role::Sequences).ok_or_else(|| missing(header, name))?;
    match *sequences.shape() {
        [labels] => Ok(Lattice { steps, items, classes, labels, width: None }),
        // the product is checked with the operand's shape
        [n, width] if n == items => {
            Ok(Lattice { steps, items, classes, labels: n.saturating_mul(width), width: Some(width) })
        }
        _ => {
            let expected = format!("[{items}, S], or one axis with the labels of all items");
            Err(mismatch(header, name, expected, sequences))
        }
    }
}

/// The number of rows of the first operand, and the number of elements of a row.
fn rows<T: Operand>(part: &Part<T>, leader: &T) -> Result<(usize, usize)> {
    match leader.shape() {
        &[rows, width] => Ok((rows, width)),
        _ => Err(mismatch(part.loss.header(), part.leader_name(), "[N, D]".into(), leader)),
    }
}

/// The pairs of a linear layer's rows with the classes of its projection.
fn projected<T: Operand>(part: &Part<T>, leader: &T) -> Result<Pairs> {
    let header = part.loss.header();
    let (rows, width) = rows(part, leader)?;
    let name = header.of_role(Role::Projection).map_or("projection", |spec| spec.name);
    let projection = part.of_role(Role::Projection).ok_or_else(|| missing(header, name))?;
    match projection.shape().first() {
        Some(&others @ 1..) => {
            Ok(Pairs { rows, others, first: 0, first_other: 0, keys: others, more: 0, more_labelled: false, width })
        }
        _ => Err(mismatch(header, name, "[V, D] with at least one class".into(), projection)),
    }
}

/// The number of segments, which is the number of references: two for each pair.
fn segments<T: Operand>(part: &Part<T>) -> Result<usize> {
    let header = part.loss.header();
    let name = header.of_role(Role::PerSegment).map_or("reference", |spec| spec.name);
    let references = part.of_role(Role::PerSegment).ok_or_else(|| missing(header, name))?;
    match *references.shape() {
        [segments] if segments.is_multiple_of(2) => Ok(segments),
        _ => Err(mismatch(header, name, "[2·B], two for each of B pairs".into(), references)),
    }
}

/// The number of elements of a teacher's row.
fn teacher_width<T: Operand>(part: &Part<T>) -> Result<usize> {
    let header = part.loss.header();
    let name = header.of_role(Role::TeacherRows).map_or("teacher", |spec| spec.name);
    let teacher = part.of_role(Role::TeacherRows).ok_or_else(|| missing(header, name))?;
    match *teacher.shape() {
        [_, width] => Ok(width),
        _ => Err(mismatch(header, name, "[N, E]".into(), teacher)),
    }
}

/// The pairs of a loss of all pairs: the rows of a batch or of a shard of it, against all keys or a shard of them.
fn all_pairs<T: Operand>(part: &Part<T>, leader: &T) -> Result<Pairs> {
    let header = part.loss.header();
    let (rows, width) = rows(part, leader)?;
    let first = part.rows_from.unwrap_or(0);
    let more = part.of_role(Role::MoreRows).and_then(|more| more.shape().first().copied()).unwrap_or(0);
    let more_labelled = |keys: usize| {
        let labels = part.of_role(Role::RowLabels).map(Operand::shape);
        more > 0 && keys.checked_add(more).is_some_and(|all| labels == Some(&[all]))
    };
    let given = |spec: &'static OperandSpec| Some((spec.name, part.operand(spec.name)?));
    let keys_from = part.keys_from.map_or(0, |keys| keys.first);
    if let Some((name, anchors)) = header.of_role(Role::Anchors).and_then(given) {
        let of = keys_of(part, header, (part.leader_name(), leader), rows)?;
        return match *anchors.shape() {
            [n, columns] if columns == width && first.checked_add(n).is_some_and(|end| end <= of) => {
                let more_labelled = more_labelled(of);
                Ok(Pairs { rows: n, others: rows, first, first_other: keys_from, keys: of, more, more_labelled, width })
            }
            _ => Err(mismatch(header, name, format!("[n, {width}] with {first} + n ≤ {of}"), anchors)),
        };
    }
    let keys = header.operands.iter().filter(|spec| spec.role == Role::Rows).nth(1).and_then(given);
    let enough = || format!("[N, {width}] with {first} + {rows} ≤ N");
    // only a shard may have more keys than rows
    let others = match keys.filter(|_| part.rows_from.is_some() || part.keys_from.is_some()) {
        None => rows,
        Some((name, keys)) => match *keys.shape() {
            [n, columns] if columns == width => {
                let of = keys_of(part, header, (name, keys), n)?;
                match (first.checked_add(rows).is_none_or(|end| end > of), part.keys_from) {
                    (false, _) => n,
                    // a shard of the keys may be shorter, so the rows are too many
                    (true, Some(_)) => {
                        let expected = format!("at most {} rows, from {first} on of {of}", of.saturating_sub(first));
                        return Err(mismatch(header, part.leader_name(), expected, leader));
                    }
                    (true, None) => return Err(mismatch(header, name, enough(), keys)),
                }
            }
            _ if part.keys_from.is_some() => return Err(mismatch(header, name, format!("[N, {width}]"), keys)),
            _ => return Err(mismatch(header, name, enough(), keys)),
        },
    };
    let keys = part.keys_from.map_or(others, |keys| keys.of);
    Ok(Pairs { rows, others, first, first_other: keys_from, keys, more, more_labelled: more_labelled(keys), width })
}

/// The number of keys of all shards together, of which the operand `held` holds `count`.
fn keys_of<T: Operand>(part: &Part<T>, header: &Header, (name, held): (&str, &T), count: usize) -> Result<usize> {
    let Some(KeysFrom { first, of }) = part.keys_from else { return Ok(count) };
    if of > u32::MAX as usize {
        let (needed, limit) = (of as u64, u32::MAX.into());
        return Err(Error::TooLarge { what: format!("{}: keys of all shards", header.id), needed, limit });
    }
    match first.checked_add(count) {
        Some(end) if end <= of => Ok(of),
        _ => {
            let most = of.saturating_sub(first);
            Err(mismatch(header, name, format!("at most {most} keys, from {first} on of {of}"), held))
        }
    }
}
