//! A value for each element or pair of boxes; or for each item, the mean over its elements.

use crate::array::Array;
use crate::broadcast::BroadcastAxis;
use crate::cpu::sequences::Sequences;
use crate::cpu::walk::{Upstream, Value, Walk};
use crate::leaf::{Boxes, ElementScore, Pointwise};
use crate::loss::OperandSpec;
use crate::reduction::Reduction;
use crate::role::Role;
use crate::term::{Observation, Part};

/// The scores of all elements, and the values that follow from them.
pub(super) struct Elements<'a> {
    part: &'a Part<Array>,
    scores: Vec<ElementScore>,
    values: Vec<Value>,
    /// The values that the mask leaves out.
    masked: Vec<bool>,
    /// For each element that takes part, whether its logit predicts its target; empty unless the part has observations.
    right: Vec<bool>,
    /// The sequences of the elements, where the part goes by sequences.
    sequences: Option<Sequences>,
    /// How many elements share a value.
    per_value: usize,
    /// Whether the four derivatives of a score are with respect to the numbers of a box, rather than to four operands.
    boxes: bool,
}

/// An operand that the leaf sees: its numbers, if it is given, and the axes along which it is broadcast, if it is broadcast.
type Component = (&'static OperandSpec, Option<Vec<f64>>, Option<Vec<BroadcastAxis>>);

fn component(part: &Part<Array>, spec: &'static OperandSpec) -> Component {
    (spec, part.operand(spec.name).map(Array::to_f64), part.broadcast(spec))
}

/// For each sequence, the mean of the first operand less the second.
fn ratios(sequences: &Sequences, components: &[Component]) -> Vec<f64> {
    let number = |k: usize, i: usize| components[k].1.as_ref().map_or(f64::NAN, |numbers| numbers[i]);
    sequences.means(|i| number(0, i) - number(1, i))
}

/// The score of an element with a NaN. Where the loss is unknown, so are its derivatives.
const UNKNOWN: ElementScore = ElementScore { loss: f64::NAN, d: [f64::NAN; 4] };

impl<'a> Elements<'a> {
    /// The elements of a part. `items` is 1 unless the loss looks up a number for each item or goes by sequences.
    pub fn new(part: &'a Part<Array>, leaf: &dyn Pointwise, items: usize, per_item: usize) -> Elements<'a> {
        let header = part.loss.header();
        let components: Vec<Component> = header.components().map(|spec| component(part, spec)).collect();
        let width = part.columns();
        let index = part.of_role(Role::Index).map(Array::to_i64);
        let table = part.of_role(Role::Table).map(Array::to_f64);
        let averaged = part.of_role(Role::Averaged).map(Array::to_f64);
        let mean = averaged.map(|numbers| numbers.iter().sum::<f64>() / numbers.len() as f64);
        let sequences = part.goes_by_sequences().then(|| Sequences::of(part));
        let ratios = sequences.as_ref().filter(|_| leaf.of_sequences()).map(|sequences| ratios(sequences, &components));

        let score = |i: usize| {
            let looked_up = index.as_ref().zip(table.as_ref());
            let found = looked_up.map(|(index, table)| table[index[i / per_item] as usize]).or(mean);
            // A number that is looked up or averaged has to be finite. The mean of a sequence may be infinite: a
            // probability may be 0.
            let found = found.map(|number| if number.is_finite() { number } else { f64::NAN });
            let of_item = found.or(ratios.as_ref().map(|ratios| ratios[i / per_item]));
            let number = |(spec, numbers, axes): &Component| {
                let place = match (axes, spec.role) {
                    (Some(axes), _) => BroadcastAxis::place(axes, i),
                    (None, Role::Row) => i / width,
                    (None, Role::Column) => i % width,
                    _ => i,
                };
                numbers.as_ref().map_or(spec.absent.into(), |numbers| numbers[place])
            };
            let column = leaf.columns().map(|columns| columns[i % width].into());
            let mut v = [0.0; 4];
            for (v, number) in v.iter_mut().zip(components.iter().map(number).chain(column)) {
                *v = number;
            }
            if ratios.is_some() {
                // the leaf sees both operands only as the mean of their difference
                v[..2].fill(0.0);
            }
            let unknown = v.iter().chain(&of_item).any(|x| x.is_nan());
            let score = || leaf.score(v, of_item.map_or([0.0; 3], |number| leaf.item(number)));
            if unknown { UNKNOWN } else { score() }
        };
        let per_value = if index.is_some() { per_item } else { 1 };
        let values = if index.is_some() { items } else { items * per_item };
        let mut elements = Elements::scored(part, values, per_value, sequences, false, score);
        if !part.observations.is_empty()
            && let [(_, Some(x), _), (_, Some(t), _), ..] = &components[..]
        {
            // a NaN predicts nothing
            let right = |(x, t): (&f64, &f64)| !x.is_nan() && !t.is_nan() && (*x > 0.0) == (*t > 0.5);
            let taking_part = x.iter().zip(t).zip(&elements.masked).filter(|(_, masked)| !**masked);
            elements.right = taking_part.map(|(pair, _)| right(pair)).collect();
        }
        elements
    }

    /// Pairs of boxes, of four numbers each.
    pub fn of_boxes(part: &'a Part<Array>, leaf: &dyn Boxes, count: usize) -> Elements<'a> {
        let boxes: Vec<Vec<f64>> = part
            .loss
            .header()
            .components()
            .map(|spec| part.operand(spec.name).map(Array::to_f64).unwrap_or_default())
            .collect();
        let score = |i: usize| {
            let corners = |k: usize| std::array::from_fn(|corner| boxes[k][4 * i + corner]);
            let (a, b): ([f64; 4], [f64; 4]) = (corners(0), corners(1));
            if a.iter().chain(&b).any(|x| x.is_nan()) { UNKNOWN } else { leaf.score(a, b) }
        };
        Elements::scored(part, count, 1, None, true, score)
    }

    /// Scores the elements of `values` values, each of `per_value` elements.
    fn scored(
        part: &'a Part<Array>,
        values: usize,
        per_value: usize,
        sequences: Option<Sequences>,
        boxes: bool,
        score: impl Fn(usize) -> ElementScore,
    ) -> Elements<'a> {
        let mask = part.of_role(Role::Mask).map(Array::to_f64);
        let [weight, samples] = [Role::Weight, Role::SampleWeight]
            .map(|role| part.loss.header().of_role(role).map(|spec| component(part, spec)));
        let masked = |value: usize| mask.as_ref().is_some_and(|mask| mask[value] == 0.0);
        let number_of = |component: &Option<Component>, value: usize| match component {
            Some((_, Some(numbers), None)) => numbers[value],
            Some((_, Some(numbers), Some(axes))) => numbers[BroadcastAxis::place(axes, value)],
            _ => 1.0,
        };
        let sample_of = |value: usize| number_of(&samples, value);
        let weight_of = |value: usize| number_of(&weight, value) * sample_of(value);
        let by_sequence = sequences.as_ref().filter(|_| part.reduction == Reduction::SequenceMean);
        let share_of = |value: usize| by_sequence.map_or(1.0, |sequences| sequences.share(value));
        let weighted = |i: usize, w: f64| {
            let score = score(i);
            let weighted = ElementScore { loss: w * score.loss, d: score.d.map(|d| w * d) };
            if weighted.loss.is_nan() { UNKNOWN } else { weighted }
        };
        let element = |i: usize| match i / per_value.max(1) {
            value if masked(value) => ElementScore::default(),
            value => weighted(i, share_of(value) * weight_of(value)),
        };
        let scores: Vec<_> = (0..values * per_value).map(element).collect();
        let value = |at: usize| Value {
            // the mean over no elements is NaN
            loss: scores[at * per_value..][..per_value].iter().map(|score| score.loss).sum::<f64>() / per_value as f64,
            extra: 0.0,
            weight: if masked(at) { 0.0 } else { weight_of(at) },
            count: if masked(at) { 0.0 } else { sample_of(at) },
        };
        let values: Vec<Value> = (0..values).map(value).collect();
        let masked = (0..values.len()).map(masked).collect();
        Elements { part, scores, values, masked, right: Vec::new(), sequences, per_value, boxes }
    }
}

impl Walk for Elements<'_> {
    fn values(&self) -> &[Value] {
        &self.values
    }

    fn observed(&self, _: Observation) -> Vec<[f64; 2]> {
        let right = self.right.iter().filter(|right| **right).count();
        vec![[right as f64, self.right.len() as f64]]
    }

    fn gradient(&self, operand: &OperandSpec, scales: &[Upstream]) -> Vec<f64> {
        let scale = |i: usize| scales[i / self.per_value][0] / self.per_value as f64;
        // a masked element has no gradient, even where its upstream gradient is infinite
        let scaled = |i: usize, d: f64| if self.masked[i / self.per_value] { 0.0 } else { d * scale(i) };
        if self.boxes {
            let of_box = |(i, score): (usize, &ElementScore)| score.d.map(|d| scaled(i, d));
            return self.scores.iter().enumerate().flat_map(of_box).collect();
        }
        let place = self.part.loss.header().components().position(|spec| spec.name == operand.name);
        let d = |score: &ElementScore| place.and_then(|place| score.d.get(place).copied()).unwrap_or(0.0);
        match &self.sequences {
            // The score of every element of a sequence depends on the sequence's mean. So the gradient with respect to the
            // mean is the sum over these scores. The derivative of the mean with respect to an element is the element's share.
            Some(sequences) if self.part.loss.leaf().of_sequences() && place == Some(0) => {
                let slopes = sequences.sums(|i| scaled(i, d(&self.scores[i])));
                let of_sequence =
                    |i: usize| if self.masked[i] { 0.0 } else { sequences.share(i) * slopes[sequences.of_element(i)] };
                (0..self.scores.len()).map(of_sequence).collect()
            }
            _ => self.scores.iter().enumerate().map(|(i, score)| scaled(i, d(score))).collect(),
        }
    }
}
