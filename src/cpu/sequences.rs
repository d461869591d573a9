//! Sequences, which are the rows of `[B, T]`: sums and means over the elements of each that take part.

use crate::array::Array;
use crate::role::Role;
use crate::term::Part;

/// The sequences of a part's elements.
pub(super) struct Sequences {
    /// The number of elements of a sequence.
    length: usize,
    /// Whether each element takes part.
    kept: Vec<bool>,
    /// For each sequence the number of its elements that take part, at least 1: `max(Σm, 1)`.
    counts: Vec<f64>,
}

impl Sequences {
    /// The sequences of a part whose first operand is `[B, T]`.
    pub fn of(part: &Part<Array>) -> Sequences {
        let (elements, length) = (part.leader().map_or(0, Array::len), part.columns());
        let kept = match part.of_role(Role::Mask) {
            Some(mask) => mask.to_f64().iter().map(|&m| m != 0.0).collect(),
            None => vec![true; elements],
        };
        let mut sequences = Sequences { length, kept, counts: Vec::new() };
        sequences.counts = sequences.sums(|_| 1.0).into_iter().map(|count| count.max(1.0)).collect();
        sequences
    }

    /// For each sequence the sum of a number over its elements that take part: `Σ m·x`.
    pub fn sums(&self, number: impl Fn(usize) -> f64) -> Vec<f64> {
        let first = (0..self.kept.len()).step_by(self.length.max(1));
        let sum = |first: usize| {
            let kept = (first..first + self.length).filter(|&i| self.kept[i]);
            kept.map(&number).sum()
        };
        first.map(sum).collect()
    }

    /// For each sequence the mean of a number over its elements that take part: `Σ m·x / max(Σm, 1)`.
    pub fn means(&self, number: impl Fn(usize) -> f64) -> Vec<f64> {
        self.sums(number).iter().zip(&self.counts).map(|(sum, count)| sum / count).collect()
    }

    /// The sequence of an element.
    pub fn of_element(&self, i: usize) -> usize {
        i / self.length
    }

    /// The derivative of the mean over a sequence with respect to its element `i`: `m / max(Σm, 1)`.
    pub fn share(&self, i: usize) -> f64 {
        if self.kept[i] { 1.0 / self.counts[self.of_element(i)] } else { 0.0 }
    }
}
