//! Losses that are sums over the classes of a position.

use super::Inputs;
use super::classes::each_position;
use super::elements::bce_with_logits;
use super::math::dot;
use crate::big::Big;

pub(super) fn multi_margin(of: &Inputs) -> Vec<Big> {
    each_position(of, "target", |x, t| {
        let of_label = dot(x, t);
        let short = |k: usize| (of.number("margin") - of_label.clone() + &x[k]).max(0.0).pow(of.number("p"));
        (0..x.len()).filter(|&k| t[k] == 0.0).map(short).sum::<Big>() / x.len() as f64
    })
}

pub(super) fn multilabel_soft_margin(of: &Inputs) -> Vec<Big> {
    let rows = of.rows("input").into_iter().zip(of.rows("target"));
    let row = |x: &[Big], t: &[Big]| x.iter().zip(t).map(|(x, t)| bce_with_logits(x, t)).sum::<Big>() / x.len() as f64;
    rows.map(|(x, t)| row(&x, &t)).collect()
}
