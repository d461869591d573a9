//! Counts the memory that a twin needs for a term, from shapes alone, and refuses more than a bound before it allocates.

use crate::array::Array;
use crate::check::{Checked, Walk};
use crate::error::{Error, Result};
use crate::leaf::Leaf;
use crate::term::{Part, Scale, Term};
use std::sync::atomic::{AtomicU64, Ordering};

static BOUND: AtomicU64 = AtomicU64::new(4 << 30);

/// How many bytes of memory a call of a CPU twin may take beside its operands; 4 GiB unless set, for the whole process.
///
/// A few bytes of operands can ask for much: rows without elements have as many pairs as others. What does not fit is refused
/// with [`Error::TooLarge`], as "bytes of memory on the CPU". The twin takes some 100 bytes for each element of a loss of
/// elements, and 32 for each pair of rows of a loss of all pairs.
pub fn set_memory_bound(bytes: u64) {
    BOUND.store(bytes, Ordering::Relaxed);
}

/// Refuses a term, taken apart, whose twin would hold more than the bound: its walks come one after the other.
pub(super) fn check(term: &Term<Array>, checked: &[Checked], of: &[&Array]) -> Result<()> {
    // a gradient, and what a part adds to it
    let gradients: u128 = of.iter().map(|array| 16 * array.len() as u128).sum();
    // no allocation may be longer than a pointer's reach
    let limit = BOUND.load(Ordering::Relaxed).min(isize::MAX as u64);
    for (part, checked) in term.parts.iter().zip(checked) {
        let needed = gradients + walk(part, checked);
        if needed > limit.into() {
            let what = format!("{}: bytes of memory on the CPU (`cpu::set_memory_bound`)", part.name);
            return Err(Error::TooLarge { what, needed: u64::try_from(needed).unwrap_or(u64::MAX), limit });
        }
    }
    Ok(())
}

/// The bytes of a walk: 8 for each number, and what values and scores take beside.
fn walk(part: &Part<Array>, checked: &Checked) -> u128 {
    let length = |array: &Array| array.len() as u128;
    let scales = [Some(&part.upstream), part.divide_by.as_ref()].into_iter().flatten();
    let scales = scales.map(|scale| if let Scale::Tensor(array) = scale { length(array) } else { 1 });
    let operands = part.operands.iter().map(|(_, array)| array).chain(&part.among).map(length);
    let numbers: u128 = operands.chain(scales).sum();
    // a value, its upstream gradients, and its place in the loss that is not reduced
    let values: u128 = checked.loss_shape.iter().map(|&axis| axis as u128).product();
    let own = match checked.walk {
        // five numbers of a score
        Walk::Elements { items, per_item } => 40 * items as u128 * per_item as u128,
        Walk::Positions(classes) => {
            let positions = classes.n as u128 * classes.s as u128;
            // two derivatives of each class
            positions * (96 + 16 * classes.c as u128)
        }
        Walk::Regions(classes) => {
            let positions = classes.n as u128 * classes.s as u128;
            // each class has a weight, even where there are no items
            let items = if values_of_batch(part) { 1 } else { classes.n.max(1) as u128 };
            // probabilities and targets; what rides along has positions of its own
            let ridden = if checked.rider_divisor.is_some() { 128 + 32 * classes.c as u128 } else { 0 };
            positions * (8 + 24 * classes.c as u128 + ridden) + items * classes.c as u128 * 64
        }
        Walk::Rows { rows, width } => {
            let pairs = if let Leaf::Vectors(leaf) = part.loss.leaf() { leaf.pairs().len() as u128 } else { 1 };
            // a distance, and its derivatives with respect to two vectors
            rows as u128 * (64 + pairs * (64 + 16 * width as u128))
        }
        Walk::Similarity(pairs) => {
            let (rows, others, more) = (pairs.rows as u128, pairs.others as u128, pairs.more as u128);
            // products, their derivatives from either side, and slopes
            (rows + others + more) * (32 + 8 * pairs.width as u128) + rows * (96 + 32 * (others + more))
        }
        Walk::Linear(pairs) => {
            let (rows, others) = (pairs.rows as u128, pairs.others as u128);
            (rows + others) * 8 * pairs.width as u128 + 32 * others + rows * (96 + 16 * others)
        }
        // two matrices, five numbers of a score, and the channels once more
        Walk::Gram(_) => 56 * values + 8 * numbers,
    };
    8 * numbers + 56 * values + own
}

/// Whether the regions of a part are those of its whole batch.
fn values_of_batch(part: &Part<Array>) -> bool {
    matches!(part.loss.leaf(), Leaf::Region(leaf) if leaf.settings().batch)
}
