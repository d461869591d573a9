//! Draws inputs at which losses have slopes.

use crate::draw::{Rng, Setting, label_range, labels_of};
use wgloss::custom::{Leaf, RegionSettings};
use wgloss::header::{Domain, OperandSpec, Role};
use wgloss::{Activation, Array, Loss, Operand};

/// An operand in f64. Some of its numbers are equal to those of other operands, and something always takes part, since a
/// mean over nothing has no slope.
pub(super) fn draw(loss: &dyn Loss, setting: &Setting, spec: &OperandSpec, rng: &mut Rng) -> Array {
    let array = setting.draw(loss, spec, rng);
    let mut numbers = array.to_f64();
    if array.dtype().is_float() {
        for number in &mut numbers {
            // there are kinks where two operands are equal, and where two classes are
            if matches!(spec.role, Role::Element | Role::Classes) && spec.domain == Domain::Real && rng.once_in(4) {
                // no option's value is a multiple of 0.7: at such a value a parabola may become a line, and there even an
                // extrapolated difference has an error proportional to the step
                *number = 0.7 * (*number / 0.7).round();
            }
            match (spec.domain, spec.role) {
                (Domain::Probability, role) if role != Role::Classes && !spec.gradient && rng.once_in(4) => {
                    *number = number.round()
                }
                // binary targets may also be soft, between 0 and 1
                (Domain::Binary, Role::Element | Role::Target | Role::Dense) if rng.once_in(3) => *number = rng.unit(),
                _ => {}
            }
            // a ratio over a sum of almost 0 bends within any step
            if probabilities(loss, spec) {
                *number = 0.125 + 0.75 * *number;
            }
            // so does the distance of vectors that are almost equal: each operand has its own offset from multiples of an
            // eighth
            if let (Leaf::Vectors(_), Role::Element) = (loss.leaf(), spec.role) {
                let place = loss.header().operands.iter().position(|other| other.name == spec.name).unwrap_or(0);
                *number = (8.0 * *number).round() / 8.0 + 0.03 + 0.04 * place as f64;
            }
        }
        if spec.role == Role::Mask {
            numbers[0] = 1.0;
        }
        return if spec.role == Role::Steps { normal(loss, &like(&array, &numbers)) } else { like(&array, &numbers) };
    }
    if matches!(spec.role, Role::Segments | Role::Sequences | Role::StepCounts | Role::SequenceLengths) {
        return array;
    }
    let (count, ignored) = label_range(loss, setting.classes());
    if spec.role == Role::RowLabels {
        numbers[1] = numbers[0];
        if matches!(loss.leaf(), Leaf::Hardest(_)) {
            // a row without a row of another label has no loss
            numbers[2] = if numbers[0] == 0.0 { 1.0 } else { 0.0 };
        }
    }
    let item = array.len() / setting.shape[0];
    if spec.role != Role::Index {
        let kept = (0..count).find(|&label| ignored != Some(label as i32)).unwrap_or(0);
        let first = numbers.iter_mut().step_by(item.max(1));
        first.for_each(|label| *label = if ignored.map(f64::from) == Some(*label) { kept as f64 } else { *label });
    }
    let labels: Vec<i64> = numbers.iter().map(|&label| label as i64).collect();
    labels_of(&labels, array.dtype(), array.shape())
}

/// Whether an operand holds probabilities that are added up, or whose logs are taken.
fn probabilities(loss: &dyn Loss, spec: &OperandSpec) -> bool {
    if spec.gradient && spec.domain == Domain::Probability {
        return true;
    }
    let none = |settings: RegionSettings| settings.activation == Activation::None;
    matches!(loss.leaf(), Leaf::Region(leaf) if spec.role == Role::Classes && none(leaf.settings()))
}

/// The log-softmax of steps, since the gradient of alignments is the slope with respect to logits. Other arrays are
/// returned as they are.
pub(super) fn normal(loss: &dyn Loss, array: &Array) -> Array {
    let (Leaf::Alignments(_), &[_, _, classes]) = (loss.leaf(), array.shape()) else { return array.clone() };
    let mut numbers = array.to_f64();
    for row in numbers.chunks_mut(classes) {
        let log_sum = row.iter().map(|x| x.exp()).sum::<f64>().ln();
        row.iter_mut().for_each(|x| *x -= log_sum);
    }
    like(array, &numbers)
}

/// An array with these numbers, in the shape of another.
pub(super) fn like(array: &Array, numbers: &[f64]) -> Array {
    Array::new(numbers, array.shape()).unwrap().with_class_axis(array.class_axis())
}
