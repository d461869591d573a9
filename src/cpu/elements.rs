//! A value for each element or box, or for each item the mean of its elements.

use crate::array::Array;
use crate::cpu::outcome::{Scales, Value, Walked};
use crate::leaf::{Boxes, ElementScore, Pointwise};
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
    /// Whether the derivatives of a score are those of a box's four numbers rather than of four operands.
    boxes: bool,
}

impl<'a> Elements<'a> {
    /// The elements of items, one item where the loss does not tell them apart.
    pub fn new(part: &'a Part<Array>, leaf: &dyn Pointwise, items: usize, per_item: usize) -> Elements<'a> {
        let header = part.loss.header();
        let components: Vec<(&OperandSpec, Option<Vec<f64>>)> =
            header.components().map(|spec| (spec, part.operand(spec.name).map(Array::to_f64))).collect();
        let width = part.columns();
        let index = part.of_role(Role::Index).map(Array::to_i64);
        let table = part.of_role(Role::Table).map(Array::to_f64);

        let score = |i: usize| {
            let looked_up =
                index.as_ref().zip(table.as_ref()).map(|(index, table)| table[index[i / per_item] as usize]);
            let mut v = [0.0; 4];
            for (v, (spec, numbers)) in v.iter_mut().zip(&components) {
                let place = match spec.role {
                    Role::Row => i / width,
                    Role::Column => i % width,
                    _ => i,
                };
                *v = numbers.as_ref().map_or(spec.absent.into(), |numbers| numbers[place]);
            }
            if let Some(columns) = leaf.columns() {
                v[components.len()] = columns[i % width].into();
            }
            let nan = v.iter().any(|x| x.is_nan()) || looked_up.is_some_and(|number| !number.is_finite());
            let score = || leaf.score(v, looked_up.map_or([0.0; 3], |number| leaf.item(number)));
            if nan { UNKNOWN } else { score() }
        };
        let per_value = if index.is_some() { per_item } else { 1 };
        Elements::scored(part, items * per_item, per_value, false, score)
    }

    /// Boxes of four numbers each.
    pub fn of_boxes(part: &'a Part<Array>, leaf: &dyn Boxes, count: usize) -> Elements<'a> {
        let numbers: Vec<Vec<f64>> = part
            .loss
            .header()
            .components()
            .map(|spec| part.operand(spec.name).map(Array::to_f64).unwrap_or_default())
            .collect();
        let score = |i: usize| {
            let of = |k: usize| std::array::from_fn(|place| numbers[k][4 * i + place]);
            let (a, b): ([f64; 4], [f64; 4]) = (of(0), of(1));
            if a.iter().chain(&b).any(|x| x.is_nan()) { UNKNOWN } else { leaf.score(a, b) }
        };
        Elements::scored(part, count, 1, true, score)
    }

    fn scored(
        part: &'a Part<Array>,
        count: usize,
        per_value: usize,
        boxes: bool,
        score: impl Fn(usize) -> ElementScore,
    ) -> Elements<'a> {
        let mask = part.of_role(Role::Mask).map(Array::to_f64);
        let weight = part.of_role(Role::Weight).map(Array::to_f64);
        let masked = |i: usize| mask.as_ref().is_some_and(|mask| mask[i] == 0.0);
        let weight_of = |i: usize| weight.as_ref().map_or(1.0, |weight| weight[i]);
        let weighted = |i: usize| {
            let (score, w) = (score(i), weight_of(i));
            // where the loss is unknown, so is how it changes
            let weighted = ElementScore { loss: w * score.loss, d: score.d.map(|d| w * d) };
            if weighted.loss.is_nan() { UNKNOWN } else { weighted }
        };
        let scores: Vec<_> =
            (0..count).map(|i| if masked(i) { ElementScore::default() } else { weighted(i) }).collect();
        let value = |own: (usize, &[ElementScore])| Value {
            loss: own.1.iter().map(|score| score.loss).sum::<f64>() / per_value as f64,
            extra: 0.0,
            weight: if masked(own.0) { 0.0 } else { weight_of(own.0) },
            count: if masked(own.0) { 0.0 } else { 1.0 },
        };
        let values = match per_value {
            // the mean of no elements
            0 => vec![Value { loss: f64::NAN, extra: 0.0, weight: 1.0, count: 1.0 }; part.items()],
            _ => scores.chunks(per_value).enumerate().map(value).collect(),
        };
        Elements { part, scores, values, per_value, boxes }
    }
}

const UNKNOWN: ElementScore = ElementScore { loss: f64::NAN, d: [f64::NAN; 4] };

impl Walked for Elements<'_> {
    fn values(&self) -> &[Value] {
        &self.values
    }

    fn gradient(&self, operand: &OperandSpec, scales: &[Scales]) -> Vec<f64> {
        let place = self.part.loss.header().components().position(|spec| spec.name == operand.name);
        let place = place.expect("the differentiable operands of a pointwise loss are its components");
        let scale = |i: usize| scales[i / self.per_value][0] / self.per_value as f64;
        let scaled = |i: usize, d: f64| if d == 0.0 { 0.0 } else { d * scale(i) };
        let derivatives = |(i, score): (usize, &ElementScore)| match self.boxes {
            true => score.d.map(|d| scaled(i, d)).to_vec(),
            false => vec![scaled(i, score.d[place])],
        };
        self.scores.iter().enumerate().flat_map(derivatives).collect()
    }
}
