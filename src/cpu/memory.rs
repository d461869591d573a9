//! Counts the memory that a twin needs for a term, from shapes alone, and refuses more than a bound before it is allocated.

use crate::array::Array;
use crate::check::{Checked, Pairs, Work, work};
use crate::error::{Error, Result};
use crate::leaf::{Region, Windows};
use crate::shape::{Classes, Pictures};
use crate::term::{Part, Scale, Term};
use std::sync::atomic::{AtomicU64, Ordering};

static BOUND: AtomicU64 = AtomicU64::new(4 << 30);

/// Sets how many bytes of memory a call of a CPU twin may take beside its operands, for the whole process. The default is
/// 4 GiB.
///
/// A few bytes of operands can ask for much memory: rows without elements still have pairs. A call that needs more than the
/// bound is refused with [`Error::TooLarge`], as "bytes of memory on the CPU". The twin takes some 100 bytes for each element
/// of a pointwise loss, and 32 for each pair of rows of a loss of all pairs.
pub fn set_memory_bound(bytes: u64) {
    BOUND.store(bytes, Ordering::Relaxed);
}

/// Refuses a term whose twin would hold more than the bound. The parts are walked one after the other, so each has the bound
/// for itself.
pub(super) fn check(term: &Term<Array>, checked: &[Checked], of: &[&Array]) -> Result<()> {
    // the gradient of the term, and the gradient of one part that is added to it
    let gradients: u128 = of.iter().map(|array| 16 * array.len() as u128).sum();
    for (part, checked) in term.parts.iter().zip(checked) {
        allow(&part.name, gradients + bytes(part, checked, work(part)?))?;
    }
    Ok(())
}

/// Refuses more bytes than the bound.
pub(super) fn allow(name: &str, needed: u128) -> Result<()> {
    // no allocation can be longer than isize::MAX
    let limit = BOUND.load(Ordering::Relaxed).min(isize::MAX as u64);
    if needed <= limit.into() {
        return Ok(());
    }
    let what = format!("{name}: bytes of memory on the CPU (`cpu::set_memory_bound`)");
    Err(Error::TooLarge { what, needed: u64::try_from(needed).unwrap_or(u64::MAX), limit })
}

/// The bytes of a part's walk.
fn bytes(part: &Part<Array>, checked: &Checked, work: Work<'_>) -> u128 {
    let length = |array: &Array| array.len() as u128;
    let scales = [Some(&part.upstream), part.divide_by.as_ref()].into_iter().flatten();
    let scales = scales.map(|scale| if let Scale::Tensor(array) = scale { length(array) } else { 1 });
    let operands = part.operands.iter().map(|(_, array)| array).chain(&part.among).map(length);
    // the operands as f64
    let numbers: u128 = operands.chain(scales).sum();
    let values: u128 = checked.loss_shape.iter().map(|&axis| axis as u128).product();
    let own = match work {
        // a score is five numbers
        Work::Elements { items, per_item, .. } => 40 * items as u128 * per_item as u128,
        Work::Boxes { count, .. } => 40 * count as u128,
        // two derivatives for each class
        Work::Positions { classes, .. } => positions(classes) * (96 + 16 * classes.c as u128),
        Work::Regions { leaf, classes } => regions(leaf, classes),
        Work::Vectors { leaf, rows, width } => {
            // a distance, and its derivatives with respect to two vectors
            rows as u128 * (64 + leaf.pairs().len() as u128 * (64 + 16 * width as u128))
        }
        Work::Similarity { pairs, .. } => {
            let (rows, others, more) = (pairs.rows as u128, pairs.others as u128, pairs.more as u128);
            // products, their derivatives in both directions, and slopes
            (rows + others + more) * (32 + 8 * pairs.width as u128) + rows * (96 + 32 * (others + more))
        }
        Work::Hardest { pairs, .. } => {
            let (rows, others) = (pairs.rows as u128, pairs.others as u128);
            // the rows and their gradient; distances and slopes of all pairs; both again for one row, with its relations
            (rows + others) * (64 + 24 * pairs.width as u128) + rows * (96 + 16 * others) + 24 * others
        }
        Work::Linear { pairs, .. } => linear(pairs),
        // for one row at a time: two logits of each class, with their exponents, slopes and logs of ratios
        Work::LinearDivergence { pairs, teacher_width, .. } => {
            let (rows, others) = (pairs.rows as u128, pairs.others as u128);
            let widths = (pairs.width + teacher_width) as u128;
            (rows + others) * (80 + 8 * widths) + 96 * others + rows * (96 + 16 * others)
        }
        // a segment and scales for each row; a sum, a length and a slope for each segment
        Work::Segments { pairs, segments, .. } => linear(pairs) + 40 * pairs.rows as u128 + 24 * segments as u128,
        // two matrices, a score of five numbers, and the channels once more
        Work::Gram { .. } => 56 * values + 8 * numbers,
        // a derivative for each pixel
        Work::Neighbours { .. } => 8 * numbers,
        // slopes; and for one item at a time its numbers, and two sums for each step and node
        Work::Alignments { lattice, .. } => {
            let (steps, longest) = (lattice.steps as u128, lattice.longest() as u128);
            16 * numbers + steps * (8 * lattice.classes as u128 + 48 + 16 * (2 * longest + 1))
        }
        // statistics and a score
        Work::Windows { leaf, pictures } => windows(leaf, pictures),
        // for each level its pixels, their derivatives, and the derivatives of the next level's pixels
        Work::Levels { leaf, pictures } => {
            let levels = std::iter::successors(Some(pictures), |level| Some(level.halved()));
            let of = |level: Pictures| windows(leaf, level) + 40 * level.n as u128 * level.per_item() as u128;
            levels.take(leaf.levels().len()).map(of).sum::<u128>() + 64 * pictures.planes() as u128
        }
    };
    // a value, its two upstream gradients, and its place in the unreduced loss are 56 bytes
    8 * numbers + 56 * values + own
}

fn linear(pairs: Pairs) -> u128 {
    let (rows, others) = (pairs.rows as u128, pairs.others as u128);
    (rows + others) * (40 + 8 * pairs.width as u128) + 32 * others + rows * (96 + 16 * others)
}

fn windows(leaf: &dyn Windows, pictures: Pictures) -> u128 {
    let settings = leaf.settings();
    let map = pictures.windows(settings.size, settings.margin());
    72 * map.n as u128 * map.per_item() as u128 + 32 * (settings.size as u128).pow(2)
}

fn positions(classes: Classes) -> u128 {
    classes.n as u128 * classes.s as u128
}

fn regions(leaf: &dyn Region, classes: Classes) -> u128 {
    // class weights are held even where there are no items
    let items = if leaf.settings().batch { 1 } else { classes.n.max(1) as u128 };
    // a fused loss has a score for each position
    let fused = if leaf.fused_loss().is_some() { 128 + 32 * classes.c as u128 } else { 0 };
    // probabilities and targets, and then the regions themselves
    positions(classes) * (16 + 25 * classes.c as u128 + fused) + items * classes.c as u128 * 88
}
