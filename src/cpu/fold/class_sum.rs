//! A loss that is a plain sum over the classes of a position.

use super::row::{Row, Scored};
use crate::check::OF_POSITION;
use crate::leaf::{ClassScore, ClassSeen, ClassSum};

pub(super) fn score(leaf: &dyn ClassSum, row: &Row) -> Scored {
    let scores = classes(leaf, row);
    // every class's loss may depend on the label's prediction
    let d_label: f64 = scores.iter().map(|score| score.d_label).sum();
    let unknown = scores.iter().any(|score| score.loss.is_nan());
    let d = scores.iter().enumerate().map(|(k, score)| match unknown {
        true => f64::NAN,
        false => score.d + if row.label == Some(k) { d_label } else { 0.0 },
    });
    Scored::plain(row, scores.iter().map(|score| score.loss).sum(), d.collect())
}

/// The statistics of a shard of classes that stand alone, in the order of `shaders/geometry/positions_statistics.wgsl`: the sum
/// of their losses, flags for a sum of NaN and for the label's presence, and the label's prediction and weight.
pub(in crate::cpu) fn numbers(leaf: &dyn ClassSum, row: &Row) -> [f64; OF_POSITION] {
    let loss: f64 = classes(leaf, row).iter().map(|score| score.loss).sum();
    let flags = f64::from(u8::from(loss.is_nan())) + if row.here().is_some() { FOUND } else { 0.0 };
    let [x, weight] = row.here().map_or([0.0; 2], |label| [row.x[label], row.weight[label]]);
    [if loss.is_nan() { 0.0 } else { loss }, 0.0, 0.0, 0.0, 0.0, flags, x, weight]
}

/// The flag of a shard that holds the label's class. It is added to the other flag.
const FOUND: f64 = 4.0;

/// Scores the classes of a shard, given the statistics of all shards.
pub(in crate::cpu) fn score_among(
    leaf: &dyn ClassSum,
    row: &Row,
    shards: impl Iterator<Item = [f64; OF_POSITION]>,
) -> Scored {
    let (mut loss, mut weight, mut unknown) = (0.0, 0.0, false);
    for [own, .., flags, _, of_label] in shards {
        let found = flags >= FOUND;
        loss += own;
        weight += if found { of_label } else { 0.0 };
        unknown |= flags - if found { FOUND } else { 0.0 } != 0.0;
    }
    let of_unknown = |x: f64| if unknown { f64::NAN } else { x };
    let d = classes(leaf, row).iter().map(|score| of_unknown(score.d)).collect();
    Scored { weight, ..Scored::plain(row, of_unknown(loss), d) }
}

/// The score of each class.
fn classes(leaf: &dyn ClassSum, row: &Row) -> Vec<ClassScore> {
    let of_class = |k: usize| {
        let (x, t) = (row.x[k], row.dense.as_ref().map_or(0.0, |t| t[k]));
        let (hit, x_label) = (row.label == Some(k), row.here().map_or(0.0, |label| row.x[label]));
        let weight = match row.label {
            None => row.weight[k],
            // 0 where another shard holds the label's class: this shard does not know the weight
            Some(label) => row.weight.get(label).copied().unwrap_or(0.0),
        };
        // a NaN makes the loss NaN even where the leaf does not use it; so does an infinite target
        if x.is_nan() || weight.is_nan() || !t.is_finite() {
            return ClassScore { loss: f64::NAN, ..ClassScore::default() };
        }
        leaf.score(&ClassSeen { x, t, hit, x_label, weight, classes: row.x.len() as f64 })
    };
    (0..row.x.len()).map(of_class).collect()
}
