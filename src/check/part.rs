//! All checks of one part, in their order.

use super::checked::Checked;
use super::labels::Labels;
use super::{header, inspections, observations, operands, options, sequences, shapes, shards};
use crate::error::{Error, Result};
use crate::term::{Operand, Part};

/// Checks a part that is one loss, among all parts of its term.
pub(super) fn check<T: Operand>(part: &Part<T>, parts: &[Part<T>]) -> Result<Checked> {
    header::check(part)?;
    options::check(part)?;
    observations::check(part)?;
    shards::options(part)?;
    operands::given(part, parts)?;
    operands::dtypes(part)?;
    let checked = shapes::check(part)?;
    shards::shapes(part, &checked)?;
    beside(part)?;
    // a GPU checks the labels that lie in its own memory when a kernel reads them
    let on_host = |labels: &Labels| part.operand(labels.operand).and_then(Operand::host);
    sequences::check(part, &checked)?;
    let alone = checked.labels.as_ref().filter(|labels| labels.lengths.is_none());
    let of_segments = checked.labels.as_ref().and_then(|labels| labels.segments.as_ref());
    let of_segments = of_segments.map(|segments| Labels::below(segments.operand, segments.count));
    for labels in alone.into_iter().chain(&of_segments) {
        if let Some(array) = on_host(labels) {
            labels.check(part.loss.header().id, array)?;
        }
    }
    let inspections = inspections::check(part, checked.labels.as_ref())?;
    Ok(Checked { inspections, ..checked })
}

/// Refuses a part of a ready-made sum (`Detection`, `Rlhf`) whose shape does not fit that of the part it shares axes with.
fn beside<T: Operand>(part: &Part<T>) -> Result<()> {
    let (Some(beside), Some(leader)) = (&part.beside, part.leader()) else { return Ok(()) };
    let got = leader.shape();
    let fits = if beside.exact { got == beside.shape } else { got.get(..beside.shape.len()) == Some(&beside.shape) };
    if fits {
        return Ok(());
    }
    let axes = beside.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    let more = if beside.exact { "" } else { ", ..." };
    Err(Error::ShapeMismatch {
        loss: beside.whole,
        operand: beside.own.into(),
        expected: format!("[{axes}{more}], as `{}` has", beside.other),
        got: got.to_vec(),
    })
}
