//! The checks of a call that asks for a shard's statistics.

use super::checked::Checked;
use super::{bounds, options, part, shards, varying};
use crate::error::{Error, Result};
use crate::term::{Operand, Part, Term};

/// Checks a term whose statistics are asked for. Returns its one part, the results of the part's checks, and the shape of the
/// statistics.
///
/// # Errors
/// Every refusal of a term; also for a sum of losses, and for a loss whose shards simply add up.
pub(crate) fn statistics<T: Operand>(term: &Term<T>) -> Result<(Part<T>, Checked, Vec<usize>)> {
    let [part] = &term.parts[..] else {
        let refused = Error::InvalidOperand {
            loss: "term",
            operand: "statistics".into(),
            reason: "belong to one loss, so that a sum of terms has none".into(),
        };
        return Err(refused);
    };
    if part.among.is_some() || !shards::merges(part) {
        let value = if part.among.is_some() { "among" } else { "sum" };
        return Err(shards::refuse(part, "statistics", value.into()));
    }
    let part = varying::settled(part)?;
    let checked = part::check(&part, &term.parts)?;
    options::smoothing(&part, true)?;
    let Some(shape) = shards::statistics_shape(&part, &checked)? else {
        return Err(shards::refuse(&part, "statistics", "sum".into()));
    };
    bounds::statistics(part.loss.header().id, &shape)?;
    Ok((part.into_owned(), checked, shape))
}
