//! Functions that formulas have in common.

use crate::big::Big;

pub(super) fn big(x: f64) -> Big {
    Big::from(x)
}

pub(super) fn sigmoid(x: &Big) -> Big {
    1.0 / (1.0 + (-x.clone()).exp())
}

pub(super) fn softplus(x: &Big) -> Big {
    (1.0 + x.exp()).ln()
}

pub(super) fn square(x: Big) -> Big {
    x.clone() * x
}

pub(super) fn softmax(row: &[Big]) -> Vec<Big> {
    let total: Big = row.iter().map(Big::exp).sum();
    row.iter().map(|x| x.exp() / total.clone()).collect()
}

pub(super) fn dot(a: &[Big], b: &[Big]) -> Big {
    a.iter().zip(b).map(|(a, b)| a.clone() * b).sum()
}

fn unit(row: &[Big]) -> Vec<Big> {
    let norm = dot(row, row).sqrt().max(1e-8);
    row.iter().map(|x| x.clone() / &norm).collect()
}

pub(super) fn cosine(a: &[Big], b: &[Big]) -> Big {
    dot(&unit(a), &unit(b))
}

/// The p-norm of a difference, to whose coordinates PyTorch adds eps.
pub(super) fn distance(a: &[Big], b: &[Big], p: f64, eps: f64) -> Big {
    let powers = a.iter().zip(b).map(|(a, b)| (a.clone() - b + eps).abs().pow(p));
    powers.sum::<Big>().pow(1.0 / p)
}
