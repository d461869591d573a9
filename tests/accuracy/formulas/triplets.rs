//! Triplets that are found in the batch.

use super::Inputs;
use super::math::{softplus, square};
use crate::big::Big;

/// The loss of each row, from the greatest distance to a row with its label and the least distance to a row with another
/// label.
pub fn triplet_hard(of: &Inputs) -> Vec<Big> {
    let (rows, labels) = (of.vectors("features"), &of.labels["labels"]);
    let apart = |i: usize, j: usize| -> Big {
        rows[i].iter().zip(&rows[j]).map(|(a, b)| square(a.clone() - b)).sum::<Big>().sqrt()
    };
    let row = |i: usize| {
        let alike = (0..rows.len()).filter(|&j| j != i && labels[j] == labels[i]);
        let others = (0..rows.len()).filter(|&j| labels[j] != labels[i]);
        let farthest = alike.map(|j| apart(i, j)).reduce(|a, b| a.max(b));
        let nearest = others.map(|j| apart(i, j)).reduce(|a, b| a.min(b));
        match farthest.zip(nearest) {
            None => Big::from(0.0),
            Some((farthest, nearest)) if of.flag("soft") => softplus(&(farthest - nearest)),
            Some((farthest, nearest)) => (farthest - nearest + of.number("margin")).max(0.0),
        }
    };
    (0..rows.len()).map(row).collect()
}
