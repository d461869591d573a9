//! A value for each row, from the distances between its vectors.

use crate::array::Array;
use crate::cpu::distance::{Distance, distance};
use crate::cpu::walk::{Upstream, Value, Walk};
use crate::leaf::{Distances, Vectors, VectorsScore};
use crate::loss::{Header, OperandSpec};
use crate::role::Role;
use crate::term::Part;

/// The distances and scores of all rows.
pub(super) struct Rows<'a> {
    part: &'a Part<Array>,
    /// The two vectors of each distance, by their places among the operands that are vectors.
    pairs: &'static [[usize; 2]],
    width: usize,
    /// The distances of each row that takes part, and its score.
    rows: Vec<Option<(Vec<Distance>, VectorsScore)>>,
    values: Vec<Value>,
}

impl<'a> Rows<'a> {
    pub fn new(part: &'a Part<Array>, leaf: &dyn Vectors, rows: usize, width: usize) -> Rows<'a> {
        let [target, mask] = [Role::Row, Role::Mask].map(|role| part.of_role(role).map(Array::to_f64));
        let vectors: Vec<Vec<f64>> =
            vectors(part.loss.header()).filter_map(|spec| part.operand(spec.name)).map(Array::to_f64).collect();
        let pairs = leaf.pairs();
        let score = |row: usize| {
            if mask.as_ref().is_some_and(|mask| mask[row] == 0.0) {
                return None;
            }
            let vector = |operand: usize| &vectors[operand][row * width..(row + 1) * width];
            let distances: Vec<Distance> =
                pairs.iter().map(|&[a, b]| distance(leaf.measure(), vector(a), vector(b))).collect();
            let target = target.as_ref().map_or(0.0, |target| target[row]);
            let score = score(leaf, &distances, target);
            Some((distances, score))
        };
        let rows: Vec<_> = (0..rows).map(score).collect();
        let value = |row: &Option<(_, VectorsScore)>| row.as_ref().map(|(_, score)| Value::of(score.loss));
        let values = rows.iter().map(|row| value(row).unwrap_or_default()).collect();
        Rows { part, pairs, width, rows, values }
    }
}

/// The score of a row. A NaN among its numbers makes it NaN, even where the leaf would not look at it.
fn score(leaf: &dyn Vectors, distances: &[Distance], target: f64) -> VectorsScore {
    let mut seen = Distances { cosine: distances.first().map_or(0.0, |first| first.cosine), ..Default::default() };
    for (d, measured) in seen.d.iter_mut().zip(distances) {
        *d = measured.distance;
    }
    let score = leaf.score(&seen, target);
    let unknown = target.is_nan() || seen.d.iter().any(|d| d.is_nan()) || score.loss.is_nan();
    if unknown { VectorsScore { loss: f64::NAN, d: [f64::NAN; 3] } } else { score }
}

/// The operands that are vectors, in the order to which the places in `pairs` refer.
fn vectors(header: &'static Header) -> impl Iterator<Item = &'static OperandSpec> {
    header.operands.iter().filter(|spec| spec.role == Role::Element)
}

impl Walk for Rows<'_> {
    fn values(&self) -> &[Value] {
        &self.values
    }

    fn gradient(&self, operand: &OperandSpec, scales: &[Upstream]) -> Vec<f64> {
        let mut gradient = vec![0.0; self.rows.len() * self.width];
        let place = vectors(self.part.loss.header()).position(|spec| spec.name == operand.name);
        for (row, scored) in self.rows.iter().enumerate() {
            let Some((distances, score)) = scored else { continue };
            let own = &mut gradient[row * self.width..(row + 1) * self.width];
            for (k, (distance, pair)) in distances.iter().zip(self.pairs).enumerate() {
                let Some(side) = pair.iter().position(|&vector| Some(vector) == place) else { continue };
                let slope = score.d[k] * scales[row][0];
                // 0 times the derivative of an infinite distance would be NaN
                if slope != 0.0 {
                    own.iter_mut().zip(&distance.d[side]).for_each(|(own, d)| *own += slope * d);
                }
            }
        }
        gradient
    }
}
