//! A softmax over classes.

use super::{Peaked, Row, Scored};
use crate::leaf::{Softmax, SoftmaxStatistics};

pub(super) fn score(leaf: &dyn Softmax, row: &Row) -> Scored {
    let classes = row.x.len();
    let share = |k: usize| match &row.dense {
        Some(q) => leaf.share(q[k], classes) * row.weight[k],
        None if leaf.spreads() => leaf.share(0.0, classes) * row.weight[k],
        None => 0.0,
    };
    let shares: Vec<f64> = (0..classes).map(share).collect();
    let mass: f64 = shares.iter().sum();
    let peaked = Peaked::new(&row.x);
    let statistics = statistics(&peaked, row, &shares);
    let score = leaf.score(&statistics);
    let d = |k: usize| {
        let of_nll = if row.label == Some(k) { -statistics.miss } else { peaked.p(k) };
        let own = if row.label.is_some() { score.d_nll * of_nll } else { 0.0 };
        own + mass * peaked.p(k) - shares[k]
    };
    Scored {
        loss: score.loss,
        extra: score.extra,
        d: (0..classes).map(d).collect(),
        d_extra: (0..classes).map(|k| score.d_lse * peaked.p(k)).collect(),
    }
}

fn statistics(peaked: &Peaked, row: &Row, shares: &[f64]) -> SoftmaxStatistics {
    let shared = (0..shares.len()).filter(|&k| shares[k] != 0.0);
    let spread = shared.map(|k| shares[k] * peaked.surprise(k)).sum::<f64>();
    let total = peaked.total();
    let miss = |t: usize| match peaked.below[t] {
        0.0 => peaked.rest / total,
        below => (total - below.exp()) / total,
    };
    SoftmaxStatistics {
        nll: row.label.map_or(0.0, |t| peaked.surprise(t)),
        miss: row.label.map_or(0.0, miss),
        weight: row.label.map_or(0.0, |t| row.weight[t]),
        // a NaN row is NaN also where no class has a share
        spread: if peaked.max.is_nan() { peaked.max } else { spread },
        lse: peaked.max + peaked.rest.ln_1p(),
    }
}
