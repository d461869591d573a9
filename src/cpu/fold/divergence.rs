//! The divergence of a student's softmax over classes from a teacher's.

use super::{Row, Scored};
use crate::leaf::Divergence;
use crate::math::{exp_excess, greatest};

pub(super) fn score(leaf: &dyn Divergence, row: &Row) -> Scored {
    let temperature = leaf.temperature();
    let tempered = |x: &[f64]| Peaked::new(&x.iter().map(|x| x / temperature).collect::<Vec<_>>());
    let of_teacher = row.dense.as_deref().unwrap_or_default();
    let (student, teacher) = (tempered(&row.x), tempered(of_teacher));
    let classes = 0..row.x.len();
    // log p_s − log p_t: where all logits are alike from their differences, which a high temperature does not round away; less
    // one class's difference, since a number added to all logits must change nothing, not even a digit; of a class that both
    // mask there is no ratio, and nothing of it in either
    let apart = |k: usize| ((of_teacher[k] - row.x[k]) - (of_teacher[0] - row.x[0])) / temperature;
    let alike = classes.clone().all(|k| apart(k).abs() < 1.0);
    let lead = classes.clone().map(|k| student.p(k) * apart(k).exp_m1()).sum::<f64>().ln_1p();
    let log_ratio = |k: usize| if alike { lead - apart(k) } else { teacher.surprise(k) - student.surprise(k) };
    let is_near = |k: usize| log_ratio(k).abs() < 1.0;
    // p_s − p_t − p_t·log(p_s/p_t): no term is negative, and beyond the divergence they sum to 1 − 1
    let term = |k: usize| match (teacher.below[k] == f64::NEG_INFINITY, student.below[k] == f64::NEG_INFINITY) {
        (true, _) => student.p(k),
        (false, true) => f64::INFINITY,
        _ if is_near(k) => teacher.p(k) * exp_excess(log_ratio(k)),
        _ => student.p(k) - teacher.p(k) - teacher.p(k) * log_ratio(k),
    };
    let more = |k: usize| match is_near(k) {
        true => teacher.p(k) * log_ratio(k).exp_m1(),
        false => student.p(k) - teacher.p(k),
    };
    let score = leaf.score(temperature * temperature * classes.clone().map(term).sum::<f64>());
    let d = classes.map(|k| score.d * temperature * more(k));
    Scored::plain(row, score.loss, d.collect())
}

/// The logits less the greatest, and the sum of the exponentials of all others; NaN where the row has no softmax.
struct Peaked {
    below: Vec<f64>,
    rest: f64,
}

impl Peaked {
    fn new(x: &[f64]) -> Peaked {
        let top = greatest(x);
        let nan = x.iter().any(|x| x.is_nan());
        // with +∞ or nothing but −∞ the row has no softmax
        let max = if nan || x[top].is_infinite() { f64::NAN } else { x[top] };
        let rest = (0..x.len()).filter(|&k| k != top).map(|k| (x[k] - max).exp()).sum();
        Peaked { below: x.iter().map(|x| x - max).collect(), rest }
    }

    fn total(&self) -> f64 {
        1.0 + self.rest
    }

    /// The probability of a class.
    fn p(&self, k: usize) -> f64 {
        self.below[k].exp() / self.total()
    }

    /// −log of the probability of a class.
    fn surprise(&self, k: usize) -> f64 {
        -self.below[k] + self.rest.ln_1p()
    }
}
