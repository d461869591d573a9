//! Counts predictions against labels, as a metric does.

use crate::array::Array;
use crate::check;
use crate::cpu::memory;
use crate::error::Result;
use crate::metrics::{Accuracy, ConfusionMatrix, Metric, Predictions};

/// The accuracy of predictions.
///
/// # Errors
/// Those of [`Predictions`].
pub fn accuracy(predictions: &Predictions<Array>) -> Result<Accuracy> {
    count(predictions)
}

/// The confusion matrix of predictions.
///
/// # Errors
/// Those of [`Predictions`].
pub fn confusion_matrix(predictions: &Predictions<Array>) -> Result<ConfusionMatrix> {
    count(predictions)
}

fn count<M: Metric>(predictions: &Predictions<Array>) -> Result<M> {
    let counted = check::predictions(M::COUNTING, predictions)?;
    let (classes, walked) = (counted.classes, counted.walked);
    let cells: u128 = M::COUNTING.cells(classes).iter().map(|&axis| axis as u128).product();
    let numbers: usize = predictions.operands().map(|(_, operand)| operand.len()).sum();
    memory::allow(M::COUNTING.name(), 4 * cells + 8 * numbers as u128)?;
    let mut counts = vec![0; cells as usize];
    let labels = predictions.target.to_i64();
    let mask = predictions.mask.as_ref().map(Array::to_f64);
    let (logits, predicted) = match counted.labelled {
        true => (Vec::new(), predictions.input.to_i64()),
        false => (predictions.input.to_f64(), Vec::new()),
    };
    for (at, &label) in labels.iter().enumerate() {
        let ignored = predictions.ignore_index.map(i64::from) == Some(label);
        if ignored || mask.as_ref().is_some_and(|mask| mask[at] == 0.0) {
            continue;
        }
        let logit = |k| logits[walked.index(at / walked.s, at % walked.s, k)];
        let predicted = if counted.labelled { Some(predicted[at] as usize) } else { greatest(walked.c, logit) };
        counts[M::COUNTING.cell(classes, label as usize, predicted)] += 1;
    }
    Ok(M::of_cells(classes, counts))
}

/// The class with the greatest logit, the first of equal ones. None if a logit is NaN.
fn greatest(classes: usize, logit: impl Fn(usize) -> f64) -> Option<usize> {
    if (0..classes).any(|k| logit(k).is_nan()) {
        return None;
    }
    (0..classes).reduce(|best, k| if logit(k) > logit(best) { k } else { best })
}
