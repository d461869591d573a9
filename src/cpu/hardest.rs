//! A value for each row, from its greatest distance to a row with the same label and its least to a row with another label.

use crate::array::Array;
use crate::check::Pairs;
use crate::cpu::walk::{Upstream, Value, Walk};
use crate::leaf::{Hardest, HardestDistances};
use crate::loss::OperandSpec;
use crate::role::Role;
use crate::term::Part;

/// The distances of all pairs, and the values and derivatives that follow from them.
pub(super) struct HardestPairs {
    /// The rows that have a value each.
    rows: Vec<Vec<f64>>,
    /// The rows that each of `rows` is compared with.
    others: Vec<Vec<f64>>,
    /// Whether `rows` and `others` are one operand.
    alone: bool,
    /// The distance of each of `rows` from each of `others`.
    distances: Vec<Vec<f64>>,
    /// The derivatives of each value with respect to these distances.
    slopes: Vec<Vec<f64>>,
    values: Vec<Value>,
}

/// The relation of a row to one that it is compared with.
#[derive(Clone, Copy, PartialEq)]
enum Relation {
    Itself,
    SameLabel,
    OtherLabel,
}

impl HardestPairs {
    pub fn new(part: &Part<Array>, leaf: &dyn Hardest, pairs: Pairs) -> HardestPairs {
        let others = part.leader().map_or_else(Vec::new, |all| rows_of(all, pairs.others, pairs.width));
        let anchors = part.of_role(Role::Anchors);
        let rows = anchors.map_or_else(|| others.clone(), |anchors| rows_of(anchors, pairs.rows, pairs.width));
        let labels = part.of_role(Role::RowLabels).map(Array::to_i64).unwrap_or_default();
        let distances: Vec<Vec<f64>> = rows.iter().map(|a| others.iter().map(|b| distance(a, b)).collect()).collect();
        let (mut values, mut slopes) = (Vec::new(), Vec::new());
        for (i, distances) in distances.iter().enumerate() {
            let place = pairs.first + i;
            let relation = |other: usize| match labels.get(other) == labels.get(place) {
                _ if other == place => Relation::Itself,
                true => Relation::SameLabel,
                false => Relation::OtherLabel,
            };
            let relations: Vec<Relation> = (0..others.len()).map(relation).collect();
            let known = rows[i].iter().all(|x| !x.is_nan());
            let (value, of_others) = score(leaf, distances, &relations, known);
            values.push(value);
            slopes.push(of_others);
        }
        HardestPairs { rows, others, alone: anchors.is_none(), distances, slopes, values }
    }
}

/// The rows of an operand. A row that holds an infinity becomes NaN, since its distances are unknown.
fn rows_of(array: &Array, count: usize, width: usize) -> Vec<Vec<f64>> {
    let numbers = array.to_f64();
    let row = |at: usize| {
        let row = &numbers[at * width..(at + 1) * width];
        if row.iter().all(|x| x.is_finite()) { row.to_vec() } else { vec![f64::NAN; width] }
    };
    (0..count).map(row).collect()
}

/// `‖a − b‖`. In f64, the square of a difference of two f32 neither overflows nor underflows.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// The value of a row, and its derivative with respect to each distance. `known` says whether the row holds no NaN.
fn score(leaf: &dyn Hardest, distances: &[f64], relations: &[Relation], known: bool) -> (Value, Vec<f64>) {
    let of = |relation: Relation| {
        let pairs = distances.iter().zip(relations);
        pairs.filter(move |(_, other)| **other == relation).map(|(distance, _)| *distance)
    };
    let (positives, negatives) = (of(Relation::SameLabel), of(Relation::OtherLabel));
    if known && (positives.clone().count() == 0 || negatives.clone().count() == 0) {
        return (Value::default(), vec![0.0; distances.len()]);
    }
    if !known || positives.clone().chain(negatives.clone()).any(f64::is_nan) {
        let slope = |relation: &Relation| if *relation == Relation::Itself { 0.0 } else { f64::NAN };
        return (Value::of(f64::NAN), relations.iter().map(slope).collect());
    }
    let (positive, negative) = (positives.clone().fold(0.0, f64::max), negatives.clone().fold(f64::INFINITY, f64::min));
    let score = leaf.score(HardestDistances { positive, negative });
    // equally hard pairs share the derivative
    let of_positive = score.d_positive / positives.filter(|distance| *distance == positive).count() as f64;
    let of_negative = score.d_negative / negatives.filter(|distance| *distance == negative).count() as f64;
    let slope = |(distance, relation): (&f64, &Relation)| match relation {
        Relation::SameLabel if *distance == positive => of_positive,
        Relation::OtherLabel if *distance == negative => of_negative,
        _ => 0.0,
    };
    (Value::of(score.loss), distances.iter().zip(relations).map(slope).collect())
}

impl Walk for HardestPairs {
    fn values(&self) -> &[Value] {
        &self.values
    }

    fn gradient(&self, operand: &OperandSpec, scales: &[Upstream]) -> Vec<f64> {
        let of_anchors = operand.role == Role::Anchors;
        let width = self.others.first().map_or(0, Vec::len);
        let count = if of_anchors { self.rows.len() } else { self.others.len() };
        let mut gradient = vec![vec![0.0; width]; count];
        for (i, [scale, _]) in scales.iter().enumerate() {
            for (j, (slope, distance)) in self.slopes[i].iter().zip(&self.distances[i]).enumerate() {
                if *slope == 0.0 || (*distance == 0.0 && !slope.is_nan()) {
                    continue;
                }
                for (k, (a, b)) in self.rows[i].iter().zip(&self.others[j]).enumerate() {
                    let d = scale * slope * ((a - b) / distance);
                    if self.alone || of_anchors {
                        gradient[i][k] += d;
                    }
                    if !of_anchors {
                        gradient[j][k] -= d;
                    }
                }
            }
        }
        gradient.concat()
    }
}
