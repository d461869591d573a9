//! A value for each row, from a softmax over its products with the rows of a projection.

use crate::array::Array;
use crate::check::Pairs;
use crate::cpu::fold::row::{Row, Scored};
use crate::cpu::fold::softmax::score;
use crate::cpu::walk::{Scales, Value, Walk};
use crate::leaf::Softmax;
use crate::loss::OperandSpec;
use crate::role::Role;
use crate::term::Part;

/// The rows' scores, nothing for a row that takes no part; and the factors of the logits.
pub(super) struct Linear {
    pairs: Pairs,
    x: Vec<f64>,
    projection: Vec<f64>,
    rows: Vec<Option<Scored>>,
    values: Vec<Value>,
}

impl Linear {
    pub fn new(part: &Part<Array>, leaf: &dyn Softmax, pairs: Pairs) -> Linear {
        let Pairs { rows: n, others, width, .. } = pairs;
        let x = part.of_role(Role::Rows).map(Array::to_f64).unwrap_or_default();
        let projection = part.of_role(Role::Projection).map(Array::to_f64).unwrap_or_default();
        let bias = part.of_role(Role::PerProjection).map_or_else(|| vec![0.0; others], Array::to_f64);
        let labels = part.of_role(Role::Labels).map(Array::to_i64).unwrap_or_default();
        let mask = part.of_role(Role::Mask).map(Array::to_f64);

        let (x, projection) = (known(x, width), known(projection, width));
        let logit = |i: usize, k: usize| {
            let (x, w) = (&x[i * width..][..width], &projection[k * width..][..width]);
            x.iter().zip(w).map(|(x, w)| x * w).sum::<f64>() + bias[k]
        };
        let (mut rows, mut values) = (Vec::new(), Vec::new());
        for i in 0..n {
            let masked = mask.as_ref().is_some_and(|mask| mask[i] == 0.0);
            if masked || labels[i] == i64::from(leaf.ignore_index()) {
                rows.push(None);
                values.push(Value::default());
                continue;
            }
            let x = (0..others).map(|k| logit(i, k)).collect();
            let (label, weight) = (Some(labels[i] as usize), vec![1.0; others]);
            let row = Row { x, dense: None, label, weight, classes: others };
            let score = score(leaf, &row);
            values.push(Value { loss: score.loss, extra: score.extra, weight: 1.0, count: 1.0 });
            rows.push(Some(score));
        }
        Linear { pairs, x, projection, rows, values }
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
