//! Losses of the products of an item's channels.

use super::Inputs;
use super::math::{dot, square};
use crate::big::Big;

pub(super) fn gram_style(of: &Inputs) -> Vec<Big> {
    let [n, c, s] = of.classes();
    let row = |name: &str, i: usize, k: usize| of.of(name)[(i * c + k) * s..][..s].to_vec();
    let gram = |name: &str, i: usize, a: usize, b: usize| dot(&row(name, i, a), &row(name, i, b)) / (c * s) as f64;
    let value = |i: usize, a: usize, b: usize| square(gram("input", i, a, b) - gram("target", i, a, b));
    (0..n * c * c).map(|at| value(at / (c * c), at / c % c, at % c)).collect()
}
