//! Checks of the lengths and the labels of sequences that lie in the host's memory, in the order in which kernels check them.

use super::checked::Checked;
use super::labels::Labels;
use crate::error::{Error, Result};
use crate::role::Role;
use crate::term::{Operand, Part};

/// Refuses a length out of range; then numbers of labels that do not add up to the number of joined labels; then a label out of
/// range.
pub(super) fn check<T: Operand>(part: &Part<T>, checked: &Checked) -> Result<()> {
    let Some(labels) = &checked.labels else { return Ok(()) };
    let Some(lengths) = &labels.lengths else { return Ok(()) };
    let host = |role| part.of_role(role).and_then(Operand::host);
    let operands = [Role::StepCounts, Role::SequenceLengths].map(host);
    let [Some(steps), Some(counts), Some(targets)] = [operands[0], operands[1], host(Role::Sequences)] else {
        return Ok(());
    };
    let loss = part.loss.header().id;
    for ((array, operand), most) in [steps, counts].into_iter().zip(lengths.operands).zip(lengths.most) {
        // a length of `most` is allowed, hence the + 1
        Labels::below(operand, most + 1).check(loss, array)?;
    }
    let counts: Vec<usize> = counts.to_i64().into_iter().map(|count| count as usize).collect();
    // in 64 bits, which a usize need not have
    let sum: u64 = counts.iter().map(|&count| count as u64).sum();
    if let Some(joined) = lengths.joined.filter(|joined| *joined as u64 != sum) {
        return Err(not_the_sum(loss, labels.operand, lengths.operands[1], sum, joined));
    }
    let numbers = targets.to_i64();
    let mut first = 0;
    for (n, count) in counts.into_iter().enumerate() {
        let begin = if lengths.joined.is_some() { first } else { n * lengths.most[1] };
        let outside = |label: &i64| !(0..labels.count as i64).contains(label);
        if let Some(at) = numbers[begin..begin + count].iter().position(outside) {
            return Err(Error::LabelOutOfRange {
                loss,
                operand: labels.operand.into(),
                position: (begin + at) as u64,
                value: numbers[begin + at],
                count: labels.count as u64,
                ignored: None,
            });
        }
        first += count;
    }
    Ok(())
}

/// The error for joined labels, `got` in all, where the items' numbers of labels add up to `sum`.
pub(crate) fn not_the_sum(loss: &'static str, operand: &str, lengths: &str, sum: u64, got: usize) -> Error {
    let expected = format!("[{sum}], the sum of `{lengths}`");
    Error::ShapeMismatch { loss, operand: operand.into(), expected, got: vec![got] }
}
