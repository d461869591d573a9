//! Checks of predictions that a metric counts: option, dtypes and shapes, in this order, then labels that lie in the host's memory.

use super::bounds;
use super::labels::Labels;
use crate::error::{Error, Result};
use crate::metrics::{Counting, Predictions};
use crate::shape::{Classes, without_classes};
use crate::term::Operand;

/// The sizes that a metric's walk runs over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Counted {
    /// The number of classes.
    pub classes: usize,
    /// The layout of the positions and their logits. Predicted labels are positions with a single number each.
    pub walked: Classes,
    /// Whether the predictions are labels rather than logits.
    pub labelled: bool,
}

/// Checks predictions. Returns their sizes, for the twin and the plan.
pub(crate) fn predictions<T: Operand>(counting: Counting, of: &Predictions<T>) -> Result<Counted> {
    let metric = counting.name();
    let labelled = !of.input.dtype().is_float();
    options(metric, of, labelled)?;
    if of.target.dtype().is_float() {
        let (operand, got) = ("target".into(), of.target.dtype());
        return Err(Error::UnsupportedDtype { loss: metric, operand, got, expected: "integers".into() });
    }
    // checked before anything multiplies the axes of a shape
    of.operands().try_for_each(|(name, operand)| bounds::tensor(metric, name, operand.shape()))?;
    let counted = if labelled { of_labels(of) } else { of_logits(metric, of)? };
    shapes(metric, of, labelled)?;
    bounds::counts(metric, &counting.cells(counted.classes))?;
    counting.countable(counted.walked.positions() as u64)?;
    labels(metric, of, &counted)?;
    Ok(counted)
}

/// Refuses predicted labels without a number of classes, and a number of classes of 0.
fn options<T: Operand>(metric: &'static str, of: &Predictions<T>, labelled: bool) -> Result<()> {
    let expected = match of.classes {
        None if labelled => {
            format!(
                "the number of classes, since `input` holds {}, read as labels; logits are floats",
                of.input.dtype()
            )
        }
        Some(0) => "at least 1".into(),
        _ => return Ok(()),
    };
    Err(refused(metric, of.classes, expected))
}

fn refused(metric: &'static str, classes: Option<usize>, expected: String) -> Error {
    let value = classes.map_or("none".into(), |classes| classes.to_string());
    Error::InvalidOption { loss: metric, option: "classes".into(), value, expected }
}

fn of_labels<T: Operand>(of: &Predictions<T>) -> Counted {
    let positions = of.input.shape().iter().product();
    let walked = Classes { n: 1, c: 1, s: positions, class_stride: 1, position_stride: 1 };
    Counted { classes: of.classes.unwrap_or(0), walked, labelled: true }
}

fn of_logits<T: Operand>(metric: &'static str, of: &Predictions<T>) -> Result<Counted> {
    let walked = Classes::of(of.input.shape(), of.input.class_axis()).filter(|classes| classes.c > 0);
    let Some(walked) = walked else {
        let expected = "[N, C, ...] with at least one class";
        return Err(mismatch(metric, "input", expected.into(), &of.input));
    };
    match of.classes.filter(|classes| *classes != walked.c) {
        Some(_) => Err(refused(metric, of.classes, format!("{}, the classes of `input`", walked.c))),
        None => Ok(Counted { classes: walked.c, walked, labelled: false }),
    }
}

/// Refuses a target or a mask that does not have one number for each position.
fn shapes<T: Operand>(metric: &'static str, of: &Predictions<T>, labelled: bool) -> Result<()> {
    let shape = of.input.shape();
    let expected = if labelled { shape.to_vec() } else { without_classes(shape, of.input.class_axis()) };
    match of.operands().skip(1).find(|(_, operand)| operand.shape() != expected) {
        Some((name, operand)) => Err(mismatch(metric, name, format!("{expected:?}"), operand)),
        None => Ok(()),
    }
}

fn mismatch<T: Operand>(metric: &'static str, operand: &str, expected: String, got: &T) -> Error {
    Error::ShapeMismatch { loss: metric, operand: operand.into(), expected, got: got.shape().to_vec() }
}

/// Refuses the first label on the host that is out of range: one of the target, or a predicted label that takes part.
fn labels<T: Operand>(metric: &'static str, of: &Predictions<T>, counted: &Counted) -> Result<()> {
    let Some(target) = of.target.host().map(|target| target.to_i64()) else { return Ok(()) };
    let predicted = of.input.host().filter(|_| counted.labelled).map(|input| input.to_i64());
    let mask = of.mask.as_ref().and_then(Operand::host).map(|mask| mask.to_f64());
    let of_target = Labels { ignored: of.ignore_index, ..Labels::below("target", counted.classes) };
    let of_input = Labels::below("input", counted.classes);
    for (position, &label) in target.iter().enumerate() {
        of_target.check_one(metric, position, label)?;
        let takes_part = !of_target.ignores(label) && mask.as_ref().is_none_or(|mask| mask[position] != 0.0);
        if let Some(predicted) = predicted.as_ref().filter(|_| takes_part) {
            of_input.check_one(metric, position, predicted[position])?;
        }
    }
    Ok(())
}
