//! A value for each position, from a softmax over its classes.

use crate::array::Array;
use crate::check::is_dense;
use crate::cpu::outcome::{Scales, Value, Walked};
use crate::leaf::{Softmax, SoftmaxScore, SoftmaxStatistics};
use crate::loss::OperandSpec;
use crate::role::Role;
use crate::shape::Classes;
use crate::term::Part;

/// The positions' softmaxes and scores.
pub(super) struct Positions {
    classes: Classes,
    positions: Vec<Option<Position>>,
    values: Vec<Value>,
}

/// A position that takes part.
struct Position {
    label: Option<usize>,
    /// The probabilities of the classes.
    p: Vec<f64>,
    miss: f64,
    /// share·weight of each class.
    shares: Vec<f64>,
    score: SoftmaxScore,
}

impl Positions {
    pub fn new(part: &Part<Array>, leaf: &dyn Softmax, classes: Classes) -> Positions {
        let header = part.loss.header();
        let dense = header.player(Role::Target).is_some_and(|spec| is_dense(part, spec));
        let x = part.of_role(Role::Classes).map(Array::to_f64).unwrap_or_default();
        let target = part.of_role(Role::Target).or(part.of_role(Role::Labels));
        let labels = target.filter(|_| !dense).map(Array::to_i64);
        let probabilities = target.filter(|_| dense).map(Array::to_f64);
        let weight = part.of_role(Role::PerClass).map_or(vec![1.0; classes.c], Array::to_f64);
        let mask = part.of_role(Role::Mask).map(Array::to_f64);

        let (mut positions, mut values) = (Vec::new(), Vec::new());
        for (i, j) in (0..classes.n).flat_map(|i| (0..classes.s).map(move |j| (i, j))) {
            let at = i * classes.s + j;
            let ignored = labels.as_ref().is_some_and(|labels| labels[at] == i64::from(leaf.ignore_index()));
            if ignored || mask.as_ref().is_some_and(|mask| mask[at] == 0.0) {
                positions.push(None);
                values.push(Value::default());
                continue;
            }
            let label = labels.as_ref().map(|labels| labels[at] as usize);
            let share = |k: usize| match &probabilities {
                Some(q) => leaf.share(q[classes.index(i, j, k)], classes.c) * weight[k],
                None if leaf.spreads() => leaf.share(0.0, classes.c) * weight[k],
                None => 0.0,
            };
            let shares: Vec<f64> = (0..classes.c).map(share).collect();
            let row: Vec<f64> = (0..classes.c).map(|k| x[classes.index(i, j, k)]).collect();
            let weight = label.map_or(0.0, |label| weight[label]);
            let (p, statistics) = softmax(&row, label, &shares, weight);
            let score = leaf.score(&statistics);
            values.push(Value { loss: score.loss, extra: score.extra, weight, count: 1.0 });
            positions.push(Some(Position { label, p, miss: statistics.miss, shares, score }));
        }
        Positions { classes, positions, values }
    }
}

/// The probabilities of a row and its statistics.
fn softmax(x: &[f64], label: Option<usize>, shares: &[f64], weight: f64) -> (Vec<f64>, SoftmaxStatistics) {
    let top = (0..x.len()).max_by(|&a, &b| x[a].total_cmp(&x[b])).unwrap_or(0);
    let nan = x.iter().any(|x| x.is_nan());
    // with +∞ or nothing but −∞ the row has no softmax
    let max = if nan || x[top].is_infinite() { f64::NAN } else { x[top] };
    let rest: f64 = (0..x.len()).filter(|&k| k != top).map(|k| (x[k] - max).exp()).sum();
    let surprise = |k: usize| (max - x[k]) + rest.ln_1p();
    let total = 1.0 + rest;
    let p = x.iter().map(|x| (x - max).exp() / total).collect();
    let spread = (0..x.len()).filter(|&k| shares[k] != 0.0).map(|k| shares[k] * surprise(k)).sum::<f64>();
    let miss = |t: usize| if x[t] == max { rest / total } else { (total - (x[t] - max).exp()) / total };
    let statistics = SoftmaxStatistics {
        nll: label.map_or(0.0, surprise),
        miss: label.map_or(0.0, miss),
        weight,
        // a NaN row is NaN also where no class has a share
        spread: if max.is_nan() { max } else { spread },
        lse: max + rest.ln_1p(),
    };
    (p, statistics)
}

impl Walked for Positions {
    fn values(&self) -> &[Value] {
        &self.values
    }

    fn gradient(&self, _operand: &OperandSpec, scales: &[Scales]) -> Vec<f64> {
        let classes = self.classes;
        let mut gradient = vec![0.0; classes.positions() * classes.c];
        for (at, position) in self.positions.iter().enumerate() {
            let Some(Position { label, p, miss, shares, score }) = position else { continue };
            let [scale, extra_scale] = scales[at];
            let mass: f64 = shares.iter().sum();
            for k in 0..classes.c {
                let of_nll = if *label == Some(k) { -miss } else { p[k] };
                let own = if label.is_some() { score.d_nll * of_nll } else { 0.0 };
                let spread = mass * p[k] - shares[k];
                gradient[classes.index(at / classes.s, at % classes.s, k)] =
                    scale * (own + spread) + extra_scale * score.d_lse * p[k];
            }
        }
        gradient
    }
}
