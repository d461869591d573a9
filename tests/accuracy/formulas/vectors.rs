//! Losses of vectors that come in pairs or in threes.

use super::Inputs;
use super::math::{cosine, distance, square};
use crate::big::Big;

/// A loss of two vectors and their target.
pub(super) fn with_target(of: &Inputs, f: impl Fn(&[Big], &[Big], Big) -> Big) -> Vec<Big> {
    let (a, b) = (of.vectors("input1"), of.vectors("input2"));
    (0..a.len()).map(|i| f(&a[i], &b[i], of.x("target", i))).collect()
}

pub(super) fn cosine_embedding(of: &Inputs) -> Vec<Big> {
    with_target(of, |a, b, t| match t {
        t if t == 1.0 => 1.0 - cosine(a, b),
        _ => (cosine(a, b) - of.number("margin")).max(0.0),
    })
}

pub(super) fn contrastive(of: &Inputs) -> Vec<Big> {
    with_target(of, |a, b, t| {
        let d = if of.name("distance") == "cosine" { 1.0 - cosine(a, b) } else { distance(a, b, 2.0, 1e-6) };
        0.5 * (t.clone() * square(d.clone()) + (1.0 - t) * square((of.number("margin") - d).max(0.0)))
    })
}

pub(super) fn triplet_margin(of: &Inputs) -> Vec<Big> {
    let [a, b, c] = ["anchor", "positive", "negative"].map(|name| of.vectors(name));
    let apart = |a: &[Big], b: &[Big]| distance(a, b, of.number("p"), of.number("eps"));
    let row = |i: usize| {
        let near = apart(&a[i], &b[i]);
        let far = apart(&a[i], &c[i]);
        let far = if of.flag("swap") { far.min(apart(&b[i], &c[i])) } else { far };
        (near - far + of.number("margin")).max(0.0)
    };
    (0..a.len()).map(row).collect()
}
