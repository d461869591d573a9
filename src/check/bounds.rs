//! How large a call may be on any device. The counts follow from shapes, and are checked before anything is allocated.

use crate::error::{Error, Result};
use crate::role::Role;
use crate::shape::elements_needed;
use crate::term::{Operand, Part};

/// The most elements of an operand, values of a loss, and rows of all its operands together. Kernels count in 32 bits,
/// and their counters run past the end, by as many elements as a workgroup may go through.
const MOST_ELEMENTS: u64 = u32::MAX as u64 - (1 << 25);

/// Refuses a tensor with too many elements. An axis of length 0 counts as 1, since walks run along the other axes even then.
pub(super) fn tensor(loss: &str, name: &str, shape: &[usize]) -> Result<()> {
    counted(loss, &format!("elements of `{name}`"), shape)
}

/// Refuses a part with too many elements, values or rows.
pub(super) fn part<T: Operand>(part: &Part<T>, values: &[usize]) -> Result<()> {
    let loss = part.loss.header().id;
    for (name, operand) in part.read() {
        tensor(loss, name, operand.shape())?;
    }
    // a loss of pairs of channels may have more values than its operands have elements
    counted(loss, "values", values)?;
    // kernels number the rows of all operands one after the other
    let rows = part.operands.iter().filter(|(name, _)| {
        let role = part.loss.header().operand(name).map(|spec| spec.role);
        use Role::{Anchors, MoreRows, Projection, Rows, TeacherProjection, TeacherRows};
        matches!(role, Some(Rows | MoreRows | Anchors | Projection | TeacherRows | TeacherProjection))
    });
    let needed = rows.map(|(_, rows)| rows.shape().first().map_or(0, |&rows| rows as u64)).sum();
    if needed > MOST_ELEMENTS {
        return Err(Error::TooLarge { what: format!("{loss}: rows of all operands"), needed, limit: MOST_ELEMENTS });
    }
    Ok(())
}

/// Refuses too many counts of a metric.
pub(super) fn counts(metric: &str, shape: &[usize]) -> Result<()> {
    counted(metric, "counts", shape)
}

/// Refuses statistics with too many numbers.
pub(super) fn statistics(loss: &str, shape: &[usize]) -> Result<()> {
    counted(loss, "statistics", shape)
}

fn counted(loss: &str, what: &str, shape: &[usize]) -> Result<()> {
    let needed = elements_needed(shape);
    if needed <= MOST_ELEMENTS {
        return Ok(());
    }
    let empty = if shape.contains(&0) { ", where an axis of length 0 counts as 1" } else { "" };
    Err(Error::TooLarge { what: format!("{loss}: {what} of shape {shape:?}{empty}"), needed, limit: MOST_ELEMENTS })
}
