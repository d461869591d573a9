//! A value for each row, from a softmax over its products with the rows of a projection.

use crate::array::Array;
use crate::check::{OF_POSITION, Pairs};
use crate::cpu::fold::row::{Row, Scored};
use crate::cpu::fold::softmax::score;
use crate::cpu::fold::softmax_shards::{self, State};
use crate::cpu::softcap::Softcap;
use crate::cpu::walk::{Scales, Value, Walk};
use crate::leaf::Softmax;
use crate::loss::OperandSpec;
use crate::role::Role;
use crate::term::{ClassesFrom, Part};

/// The rows' scores, nothing for a row that takes no part; and the factors of the logits.
pub(super) struct Linear {
    pairs: Pairs,
    x: Vec<f64>,
    projection: Vec<f64>,
    rows: Vec<Option<Scored>>,
    values: Vec<Value>,
}

impl Linear {
    /// The rows of a part. A shard of the classes is scored by the statistics of all shards, which the part then has.
    pub fn new(part: &Part<Array>, leaf: &dyn Softmax, pairs: Pairs) -> Linear {
        let operands = Operands::of(part, leaf, pairs);
        let all = part.among.as_ref().map(Array::to_f64);
        let (mut rows, mut values) = (Vec::new(), Vec::new());
        for i in 0..pairs.rows {
            let Some(row) = operands.row(i) else {
                rows.push(None);
                values.push(Value::default());
                continue;
            };
            let whole = all.as_ref().and_then(|all| softmax_shards::merged(all, i, pairs.rows));
            let mut score = match whole {
                Some(whole) => softmax_shards::score(leaf, &row, whole),
                None => score(leaf, &row),
            };
            operands.softcap.through(&mut score.d, |k| operands.logit(i, k));
            operands.softcap.through(&mut score.d_extra, |k| operands.logit(i, k));
            values.push(Value { loss: score.loss, extra: score.extra, weight: 1.0, count: 1.0 });
            rows.push(Some(score));
        }
        Linear { pairs, x: operands.x, projection: operands.projection, rows, values }
    }
}

/// The statistics of a shard of classes: the numbers of each row's state.
pub(super) fn statistics(part: &Part<Array>, leaf: &dyn Softmax, pairs: Pairs) -> Vec<f64> {
    let operands = Operands::of(part, leaf, pairs);
    // nobody looks at the numbers of a row that takes no part
    let numbers = |i| operands.row(i).map_or([0.0; OF_POSITION], |row| State::of(leaf, &row).numbers());
    (0..pairs.rows).flat_map(numbers).collect()
}

/// The operands that rows read.
struct Operands {
    pairs: Pairs,
    x: Vec<f64>,
    projection: Vec<f64>,
    bias: Vec<f64>,
    labels: Vec<i64>,
    mask: Option<Vec<f64>>,
    ignored: i64,
    /// The range of classes that the projection holds.
    range: ClassesFrom,
    softcap: Softcap,
}

impl Operands {
    fn of(part: &Part<Array>, leaf: &dyn Softmax, pairs: Pairs) -> Operands {
        let Pairs { others, width, .. } = pairs;
        let of = |role| part.of_role(role).map(Array::to_f64).unwrap_or_default();
        Operands {
            pairs,
            x: known(of(Role::Rows), width),
            projection: known(of(Role::Projection), width),
            bias: part.of_role(Role::PerProjection).map_or_else(|| vec![0.0; others], Array::to_f64),
            labels: part.of_role(Role::Labels).map(Array::to_i64).unwrap_or_default(),
            mask: part.of_role(Role::Mask).map(Array::to_f64),
            ignored: i64::from(leaf.ignore_index()),
            range: part.classes_from.unwrap_or(ClassesFrom { first: 0, of: others }),
            softcap: Softcap(leaf.cap()),
        }
    }

    /// The product of a row and a class, before a cap.
    fn logit(&self, i: usize, k: usize) -> f64 {
        let width = self.pairs.width;
        let (x, w) = (&self.x[i * width..][..width], &self.projection[k * width..][..width]);
        x.iter().zip(w).map(|(x, w)| x * w).sum::<f64>() + self.bias[k]
    }

    /// The classes of a row, where it takes part.
    fn row(&self, i: usize) -> Option<Row> {
        let masked = self.mask.as_ref().is_some_and(|mask| mask[i] == 0.0);
        if masked || self.labels[i] == self.ignored {
            return None;
        }
        let others = self.pairs.others;
        Some(Row {
            x: (0..others).map(|k| self.softcap.capped(self.logit(i, k))).collect(),
            dense: None,
            // the label of an earlier shard's class wraps around, to a class beyond all
            label: Some((self.labels[i] as usize).wrapping_sub(self.range.first)),
            weight: vec![1.0; others],
            classes: self.range.of,
        })
    }
}

/// Makes every row NaN that holds an infinity, since its products are unknown.
fn known(mut rows: Vec<f64>, width: usize) -> Vec<f64> {
    for row in rows.chunks_exact_mut(width.max(1)) {
        if row.iter().any(|x| !x.is_finite()) {
            row.fill(f64::NAN);
        }
    }
    rows
}

impl Walk for Linear {
    fn values(&self) -> &[Value] {
        &self.values
    }

    fn gradient(&self, operand: &OperandSpec, scales: &[Scales]) -> Vec<f64> {
        let Pairs { rows, others, width, .. } = self.pairs;
        let elements = match operand.role {
            Role::Rows => rows * width,
            Role::Projection => others * width,
            _ => others,
        };
        let mut gradient = vec![0.0; elements];
        for (i, score) in self.rows.iter().enumerate() {
            let Some(score) = score else { continue };
            for k in 0..others {
                let slope = scales[i][0] * score.d[k] + scales[i][1] * score.d_extra[k];
                // a masked class adds nothing, whatever its row holds
                let times = |x: f64| if slope == 0.0 { 0.0 } else { slope * x };
                match operand.role {
                    Role::Rows => {
                        (0..width).for_each(|d| gradient[i * width + d] += times(self.projection[k * width + d]))
                    }
                    Role::Projection => {
                        (0..width).for_each(|d| gradient[k * width + d] += times(self.x[i * width + d]));
                    }
                    _ => gradient[k] += slope,
                }
            }
        }
        gradient
    }
}
