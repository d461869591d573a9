//! A loss that is a plain sum over the classes of a position.

use super::row::{Row, Scored};
use crate::leaf::{ClassScore, ClassSeen, ClassSum};

pub(super) fn score(leaf: &dyn ClassSum, row: &Row) -> Scored {
    let of_class = |k: usize| {
        let (x, t) = (row.x[k], row.dense.as_ref().map_or(0.0, |t| t[k]));
        let (hit, x_label) = (row.label == Some(k), row.here().map_or(0.0, |label| row.x[label]));
        let weight = row.weight[row.here().unwrap_or(k)];
        // a NaN makes the loss NaN even where the leaf does not use it; so does an infinite target
        if x.is_nan() || weight.is_nan() || !t.is_finite() {
            return ClassScore { loss: f64::NAN, ..ClassScore::default() };
        }
        leaf.score(&ClassSeen { x, t, hit, x_label, weight, classes: row.x.len() as f64 })
    };
    let scores: Vec<ClassScore> = (0..row.x.len()).map(of_class).collect();
    // every class's loss may depend on the label's prediction
    let d_label: f64 = scores.iter().map(|score| score.d_label).sum();
    let unknown = scores.iter().any(|score| score.loss.is_nan());
    let d = scores.iter().enumerate().map(|(k, score)| match unknown {
        true => f64::NAN,
        false => score.d + if row.label == Some(k) { d_label } else { 0.0 },
    });
    Scored::plain(row, scores.iter().map(|score| score.loss).sum(), d.collect())
}
