//! Reduces the values of a walk: sums, denominators, and the upstream gradient of each value.

use crate::array::Array;
use crate::check::{Checked, Divisor};
use crate::cpu::walk::{Upstream, Value, Walk};
use crate::leaf::Leaf;
use crate::role::Role;
use crate::term::{OutcomeRow, Part, PartOutcome, Scale};

/// A walk after its reduction.
pub(super) struct Reduced<'a> {
    pub walk: &'a dyn Walk,
    /// The walk's values, times their sample weights.
    pub values: Vec<Value>,
    /// The factor of the walk's reduced loss in the loss of the whole term.
    pub weight: f64,
    /// The sum of the values' losses, with its denominator; then the sum of their `extra` losses, such as the z-loss of
    /// cross_entropy, with its own, if the walk has them.
    pub outcomes: Vec<PartOutcome>,
    /// For each value, the upstream gradients of its loss and of its `extra` loss: divided by the denominator, and times the
    /// sample weight unless the walk itself applies it. `weight` is not in them.
    pub scales: Vec<Upstream>,
}

/// Reduces a part's walk, and its fused loss where it has one.
pub(super) fn reduce<'a>(part: &Part<Array>, checked: &Checked, walk: &'a dyn Walk) -> Vec<Reduced<'a>> {
    let walks = [Some((walk, checked.divisor)), walk.fused_loss().zip(checked.fused_divisor)];
    let rows = part.outcome_rows().into_iter().zip(walks.into_iter().flatten()).enumerate();
    rows.map(|(place, (row, (walk, divisor)))| reduce_one(part, (place, &row), walk, divisor)).collect()
}

/// The sample weights of the values of a part's walk (`place` 0) or of its fused loss (`place` 1). `None` where the walk itself
/// applies them, as the walks of elements and of regions do.
fn samples(part: &Part<Array>, place: usize) -> Option<Vec<f64>> {
    match part.loss.leaf() {
        Leaf::Pointwise(_) | Leaf::Boxes(_) => None,
        Leaf::Region(_) if place == 0 => None,
        _ => part.of_role(Role::SampleWeight).map(Array::to_f64),
    }
}

fn reduce_one<'a>(
    part: &Part<Array>,
    (place, row): (usize, &OutcomeRow),
    walk: &'a dyn Walk,
    divisor: Divisor,
) -> Reduced<'a> {
    let samples = samples(part, place);
    let sample = |i: usize| samples.as_ref().map_or(1.0, |samples| samples[i]);
    let weighed = |(i, value): (usize, &Value)| {
        let value = value.times(sample(i));
        // without an extra loss this is 0, which an infinite sample weight would make NaN
        Value { extra: if row.extra.is_some() { value.extra } else { 0.0 }, ..value }
    };
    let values: Vec<Value> = walk.values().iter().enumerate().map(weighed).collect();
    // the standard library's sum of nothing is −0
    let sum = |of: fn(&Value) -> f64| values.iter().map(of).sum::<f64>() + 0.0;
    let count = sum(|value| value.count);
    let [denominator, extra_denominator] = match divisor {
        Divisor::Number(number) => [number; 2],
        Divisor::Weights => [sum(|value| value.weight), count],
        Divisor::Count { each } => [count * each; 2],
        Divisor::Tensor => {
            let given = part.divide_by.as_ref().map(numbers).unwrap_or_default();
            // The tensor has one number for all sums, or one for each. The sum of a fused loss is at `place`, since the
            // sum before it has no extra sum.
            [place, place + 1].map(|at| given.get(at).or(given.last()).copied().unwrap_or(1.0))
        }
    };
    let weight = f64::from(row.weight);
    let named = |name: &str, sum, denominator| PartOutcome { name: name.into(), sum, denominator, weight };
    let mut outcomes = vec![named(&row.name, sum(|value| value.loss), denominator)];
    if let Some(extra) = &row.extra {
        outcomes.push(named(extra, sum(|value| value.extra), extra_denominator));
    }
    let upstream = numbers(&part.upstream);
    // a tensor of one element is the upstream gradient of every value
    let upstream_of = |i: usize| upstream.get(i).or(upstream.last()).copied().unwrap_or(1.0);
    let share = |i: usize, denominator: f64| match denominator {
        // the mean over no values has no gradient
        0.0 => 0.0,
        // a value that takes no part; one with a sample weight of 0 does, and 0 times NaN is NaN
        _ if walk.values()[i].count == 0.0 && samples.is_some() => 0.0,
        denominator => upstream_of(i) * sample(i) / denominator,
    };
    // without an extra loss its derivatives are 0, which an infinite scale would make NaN
    let extra_share = |i: usize| if row.extra.is_some() { share(i, extra_denominator) } else { 0.0 };
    let scales = (0..values.len()).map(|i| [share(i, denominator), extra_share(i)]).collect();
    Reduced { walk, values, weight, outcomes, scales }
}

fn numbers(scale: &Scale<Array>) -> Vec<f64> {
    match scale {
        Scale::Number(number) => vec![f64::from(*number)],
        Scale::Tensor(array) => array.to_f64(),
    }
}
