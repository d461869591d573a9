//! Warnings on the standard error about calls that are computed as asked, but are rarely meant. They change no result.

use super::answer::EvalAnswer;
use super::call::{Call, Known};
use crate::expression::Summand;
use std::io::{self, Write};
use wgloss::header::{Domain, Role};
use wgloss::{Array, Data, Loss, custom::Leaf};

/// Prints a warning. If the standard error is closed, there is nowhere to print it.
pub fn warn(text: &str) {
    let _ = writeln!(io::stderr(), "warning: {text}");
}

/// Warns of a loss that is NaN, and advises `--empty-is-zero` for a mean over nothing, else `--checked` unless the call has it.
/// `of` names the files, if there are many evaluations.
pub fn of_nan(call: &Call, answer: &EvalAnswer, of: Option<&str>) {
    if !answer.loss.is_some_and(|loss| loss.value.is_nan()) {
        return;
    }
    let advice = match answer.totals.has_empty_mean() {
        true => "a mean over nothing; `--empty-is-zero` makes it 0",
        false if call.checked => return,
        false => "`--checked` names the first number that is not finite",
    };
    warn(&format!("{}the loss is NaN: {advice}", of.map_or(String::new(), |of| format!("{of}: "))));
}

/// Warns of softmaxes over a single class, which are 1 whatever the prediction is.
pub fn of_single_classes(call: &Call, known: &[Known<'_>]) {
    for (summand, loss) in call.losses().filter(|(_, loss)| is_over_softmax(&**loss)) {
        let prediction = summand.given(loss.header().operands[0].name);
        let Some((.., shape)) = known.iter().find(|(name, ..)| *name == prediction) else { continue };
        let classes = if call.class_axis_last { shape.last() } else { shape.get(1).or(shape.first()) };
        if classes == Some(&1) {
            let id = summand.id;
            warn(&format!(
                "{id}: `{prediction}` of shape {shape:?} has one class, whose softmax is 1 whatever it holds; \
                 bce_with_logits takes a single logit"
            ));
        }
    }
}

fn is_over_softmax(loss: &dyn Loss) -> bool {
    matches!(loss.leaf(), Leaf::Softmax(_) | Leaf::Divergence(_))
}

/// The first loss that takes an operand as probabilities, or as 0 and 1.
pub fn taker_of_probabilities(call: &Call, operand: &str) -> Option<&'static str> {
    let takes = |summand: &&Summand| {
        let loss = summand.loss();
        let mut specs = loss.header().operands.iter().filter(|spec| summand.given(spec.name) == operand);
        specs.any(|spec| {
            let is_probability = matches!(spec.domain, Domain::Binary | Domain::Probability) && spec.logs_if.is_none();
            is_probability && spec.role != Role::Mask
        })
    };
    call.expression.summands.iter().find(takes).map(|summand| summand.id)
}

/// The first integer of an array that is neither 0 nor 1.
pub fn beyond_binary(array: &Array) -> Option<i64> {
    fn first<I: Copy + Into<i64>>(numbers: &[I]) -> Option<i64> {
        numbers.iter().map(|&number| number.into()).find(|number| !(0..=1).contains(number))
    }
    match array.data() {
        Data::U8(numbers) => first(numbers),
        Data::I32(numbers) => first(numbers),
        Data::U32(numbers) => first(numbers),
        Data::I64(numbers) => first(numbers),
        Data::F32(_) | Data::F16(_) | Data::BF16(_) | Data::F64(_) => None,
    }
}
