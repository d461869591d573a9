//! A value for each pair of segments, from the log-probabilities of their rows' labels.

use crate::array::Array;
use crate::check::Pairs;
use crate::cpu::linear::Linear;
use crate::cpu::walk::{Upstream, Value, Walk};
use crate::leaf::{RowNll, Segments};
use crate::loss::OperandSpec;
use crate::role::Role;
use crate::term::Part;

/// The segments, and their scores.
pub(super) struct Segmented {
    /// The rows, each with the loss −log p of its label.
    rows: Linear,
    /// The segment that each row belongs to.
    segment_of: Vec<usize>,
    /// For each segment, the derivative of its pair's value with respect to the log-probability of each row of the segment.
    slopes: Vec<f64>,
    /// The values of the pairs.
    values: Vec<Value>,
}

impl Segmented {
    pub fn new(part: &Part<Array>, leaf: &dyn Segments, pairs: Pairs, segments: usize) -> Segmented {
        let numbers = |role| part.of_role(role).map(Array::to_f64);
        let segment_of = part.of_role(Role::Segments).map(Array::to_i64).unwrap_or_default();
        let segment_of: Vec<usize> = segment_of.into_iter().map(|segment| segment as usize).collect();
        let count = segments / 2;
        let mask = numbers(Role::Mask);
        let of_rows = mask.as_ref().map(|mask| segment_of.iter().map(|segment| mask[segment % count]).collect());
        let rows = Linear::masked(part, &RowNll::of(leaf), pairs, of_rows);

        let (mut sums, mut lengths) = (vec![0.0; segments], vec![0.0; segments]);
        for (row, &segment) in rows.values().iter().zip(&segment_of) {
            sums[segment] -= row.loss;
            lengths[segment] += row.count;
        }
        let share = |segment: usize| if leaf.averages() { 1.0 / f64::max(lengths[segment], 1.0) } else { 1.0 };
        let references = numbers(Role::PerSegment).unwrap_or_default();
        let log_ratio = |segment: usize| share(segment) * sums[segment] - references[segment];

        let (mut slopes, mut values) = (vec![0.0; segments], vec![Value::default(); count]);
        for pair in 0..count {
            if mask.as_ref().is_some_and(|mask| mask[pair] == 0.0) {
                continue;
            }
            let both = [pair, count + pair];
            let log_ratios = both.map(log_ratio);
            let unknown = log_ratios.iter().any(|log_ratio| log_ratio.is_nan());
            let score = leaf.score(log_ratios);
            values[pair] = Value::of(if unknown { f64::NAN } else { score.loss });
            for (segment, d) in both.into_iter().zip(score.d) {
                slopes[segment] = if values[pair].loss.is_nan() { f64::NAN } else { share(segment) * d };
            }
        }
        Segmented { rows, segment_of, slopes, values }
    }
}

impl Walk for Segmented {
    fn values(&self) -> &[Value] {
        &self.values
    }

    fn gradient(&self, operand: &OperandSpec, scales: &[Upstream]) -> Vec<f64> {
        let scale = |segment: usize| scales[segment % scales.len()][0];
        // the value of a row is −log p, hence the sign
        let of_row = |&segment: &usize| [-scale(segment) * self.slopes[segment], 0.0];
        let of_rows: Vec<Upstream> = self.segment_of.iter().map(of_row).collect();
        self.rows.gradient(operand, &of_rows)
    }
}
