//! A value for each element, or for each item the mean of its elements.

use crate::array::Array;
use crate::cpu::outcome::{Scales, Value, Walked};
use crate::leaf::{ElementScore, Pointwise};
use crate::loss::OperandSpec;
use crate::role::Role;
use crate::term::Part;

/// The scores of all elements, and what is made of them.
pub(super) struct Elements<'a> {
    part: &'a Part<Array>,
    scores: Vec<ElementScore>,
    values: Vec<Value>,
    /// How many elements share a value.
    per_value: usize,
}

impl<'a> Elements<'a> {
    /// `by_item` tells whether the loss has a value for each item rather than for each element.
    pub fn new(
        part: &'a Part<Array>,
        leaf: &dyn Pointwise,
        items: usize,
        per_item: usize,
        by_item: bool,
    ) -> Elements<'a> {
        let of_role = |role| part.loss.header().player(role).and_then(|spec| part.operand(spec.name));
        let operands: Vec<Option<Vec<f64>>> =
            part.loss.header().elements().map(|spec| part.operand(spec.name).map(Array::to_f64)).collect();
        let (mask, weight) = (of_role(Role::Mask).map(Array::to_f64), of_role(Role::Weight).map(Array::to_f64));
        let index = of_role(Role::Index).map(Array::to_i64);
        let table = of_role(Role::Table).map(Array::to_f64);

        let mut scores = Vec::with_capacity(items * per_item);
        for item in 0..items {
            let looked_up = index.as_ref().zip(table.as_ref()).map(|(index, table)| table[index[item] as usize]);
            let of_item = looked_up.map_or([0.0; 3], |number| leaf.item(number));
            for i in item * per_item..(item + 1) * per_item {
                let mut v = [0.0; 4];
                for (v, operand) in v.iter_mut().zip(&operands) {
                    *v = operand.as_ref().map_or(0.0, |values| values[i]);
                }
                let masked = mask.as_ref().is_some_and(|mask| mask[i] == 0.0);
                let nan = v.iter().chain(&looked_up).any(|x| x.is_nan());
                let w = weight.as_ref().map_or(1.0, |weight| weight[i]);
                scores.push(match (masked, nan) {
                    (true, _) => ElementScore::default(),
                    (_, true) => ElementScore { loss: f64::NAN, d: [f64::NAN; 4] },
                    _ => {
                        let score = leaf.score(v, of_item);
                        ElementScore { loss: w * score.loss, d: score.d.map(|d| w * d) }
                    }
                });
            }
        }
        let per_value = if by_item { per_item } else { 1 };
        let value = |i: usize| {
            let own = &scores[i * per_value..(i + 1) * per_value];
            let masked = mask.as_ref().is_some_and(|mask| mask[i] == 0.0);
            Value {
                loss: own.iter().map(|score| score.loss).sum::<f64>() / per_value as f64,
                extra: 0.0,
                weight: if masked { 0.0 } else { weight.as_ref().map_or(1.0, |weight| weight[i]) },
                count: if masked { 0.0 } else { 1.0 },
            }
        };
        let values = (0..if by_item { items } else { scores.len() }).map(value).collect();
        Elements { part, scores, values, per_value }
    }
}

impl Walked for Elements<'_> {
    fn values(&self) -> &[Value] {
        &self.values
    }

    fn gradient(&self, operand: &OperandSpec, scales: &[Scales]) -> Vec<f64> {
        let place = self.part.loss.header().elements().position(|spec| spec.name == operand.name);
        let place = place.expect("the differentiable operands of a pointwise loss are its elements");
        let scale = |i: usize| scales[i / self.per_value][0] / self.per_value as f64;
        self.scores
            .iter()
            .enumerate()
            .map(|(i, score)| if score.d[place] == 0.0 { 0.0 } else { score.d[place] * scale(i) })
            .collect()
    }
}
