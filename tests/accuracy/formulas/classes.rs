//! Losses of a softmax over classes.

use super::{Inputs, big, dot, square};
use crate::big::Big;
use wgloss::header::Value;

/// A value for each position: 0 for those that are ignored.
pub(super) fn each_position(of: &Inputs, target: &str, f: impl Fn(&[Big], &[Big]) -> Big) -> Vec<Big> {
    let ignored = of.options.get("ignore_index").map(|_| of.number("ignore_index") as i64);
    let rows = capped(of, of.rows("input")).into_iter().zip(of.targets(target, ignored));
    rows.map(|(x, t)| t.map_or(big(0.0), |t| f(&x, &t))).collect()
}

/// Logits that are softly capped, where the loss has a cap.
pub(super) fn capped(of: &Inputs, rows: Vec<Vec<Big>>) -> Vec<Vec<Big>> {
    let Some(Value::Number(c)) = of.options.get("softcap") else { return rows };
    let tanh = |y: Big| {
        let e = (2.0 * y).exp();
        (e.clone() - 1.0) / (e + 1.0)
    };
    rows.into_iter().map(|row| row.into_iter().map(|x| *c * tanh(x / *c)).collect()).collect()
}

pub(super) fn cross_entropy(of: &Inputs, rows: Vec<Vec<Big>>, target: &str) -> Vec<Big> {
    let (smoothing, z) = (of.number("label_smoothing"), of.number("z_loss"));
    let dense = !of.labels.contains_key(target);
    let row = |(at, x): (usize, Vec<Big>)| {
        let log_total = x.iter().map(Big::exp).sum::<Big>().ln();
        let label = of.labels.get(target).map(|labels| labels[at]);
        if label.is_some_and(|label| label == of.number("ignore_index") as i64) {
            return big(0.0);
        }
        let q = |k: usize| match dense {
            true => of.rows(target)[at][k].clone(),
            false => big(f64::from(u8::from(label == Some(k as i64)))),
        };
        let share = |k: usize| (1.0 - smoothing) * q(k) + smoothing / x.len() as f64;
        let surprise: Big = (0..x.len()).map(|k| share(k) * (log_total.clone() - &x[k])).sum();
        surprise + z * square(log_total.clone())
    };
    capped(of, rows).into_iter().enumerate().map(row).collect()
}

pub(super) fn linear_cross_entropy(of: &Inputs) -> Vec<Big> {
    let (x, weight) = (of.vectors("input"), of.vectors("weight"));
    let logits = |x: &Vec<Big>| weight.iter().map(|w| dot(x, w)).collect();
    cross_entropy(of, x.iter().map(logits).collect(), "target")
}
