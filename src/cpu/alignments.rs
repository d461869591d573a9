//! A value for each item, from the probability of all alignments of its labels with its steps.
//!
//! The nodes of an item are its labels, with a blank before, between and after them. An alignment is at one node at each
//! step. From one step to the next it stays, goes on to the next node, or leaves out a blank between two labels that differ.

use crate::array::Array;
use crate::check::Lattice;
use crate::cpu::walk::{Upstream, Value, Walk};
use crate::leaf::Alignments;
use crate::loss::OperandSpec;
use crate::reduction::Reduction;
use crate::role::Role;
use crate::term::Part;

/// The losses of all items, and the derivative of each with respect to its steps.
pub(super) struct Aligned {
    lattice: Lattice,
    values: Vec<Value>,
    /// The derivative for each element of `[T, N, C]`; `None` where the step takes no part, or where the score of the item
    /// has a derivative of 0. Then the gradient is 0, whatever the upstream gradient.
    slopes: Vec<Option<f64>>,
}

/// Alignments whose probability has a lower log count as having none, as in kernels, whose numbers do not hold it.
const LEAST_LOG: f64 = -2e38;

/// An item: its log-probabilities, by step and class, and the class of each of its nodes.
struct Item {
    x: Vec<Vec<f64>>,
    nodes: Vec<usize>,
}

impl Aligned {
    pub fn new(part: &Part<Array>, leaf: &dyn Alignments, lattice: Lattice) -> Aligned {
        let x = part.of_role(Role::Steps).map(Array::to_f64).unwrap_or_default();
        let integers = |role| part.of_role(role).map(Array::to_i64).unwrap_or_default();
        let lengths = |role| integers(role).into_iter().map(|length| length as usize).collect::<Vec<_>>();
        let (targets, steps, labels) =
            (lengths(Role::Sequences), lengths(Role::StepCounts), lengths(Role::SequenceLengths));
        let mut aligned = Aligned { lattice, values: Vec::new(), slopes: vec![None; x.len()] };
        let mut joined = 0;
        for n in 0..lattice.items {
            let first = lattice.width.map_or(joined, |width| n * width);
            joined += labels[n];
            let row = |t: usize| x[lattice.element(t, n, 0)..][..lattice.classes].to_vec();
            let item = Item {
                x: (0..steps[n]).map(row).collect(),
                nodes: nodes(&targets[first..first + labels[n]], leaf.blank()),
            };
            let factor = if part.reduction == Reduction::Mean { 1.0 / labels[n].max(1) as f64 } else { 1.0 };
            aligned.add(&item, leaf, n, factor);
        }
        aligned
    }

    /// Adds the loss of item `n` times `factor`, and its derivatives.
    fn add(&mut self, item: &Item, leaf: &dyn Alignments, n: usize, factor: f64) {
        let (before, after) = (item.before(), item.after());
        let log_probability = item.log_probability(&before);
        let score = leaf.score(log_probability);
        self.values.push(Value::of(factor * score.loss));
        for (t, row) in item.x.iter().enumerate() {
            // for each class, the probability of the alignments that have it at this step, over that of all alignments. They
            // are summed at each step, since each step rounds huge logs in its own way
            let mut shares = vec![0.0; row.len()];
            let passing = before[t].iter().zip(&after[t]).map(|(before, after)| before + after);
            let most = passing.clone().fold(f64::NEG_INFINITY, f64::max);
            let passing: Vec<f64> = passing.map(|log| (log - most).exp()).collect();
            let all: f64 = passing.iter().sum();
            for (passing, &class) in passing.iter().zip(&item.nodes) {
                shares[class] += passing / all;
            }
            for (c, (x, share)) in row.iter().zip(shares).enumerate() {
                self.slopes[self.lattice.element(t, n, c)] = match score.d {
                    0.0 => None,
                    d if log_probability.is_finite() => Some(factor * d * (share - x.exp())),
                    _ => Some(f64::NAN),
                };
            }
        }
    }
}

/// The classes of the nodes.
fn nodes(labels: &[usize], blank: usize) -> Vec<usize> {
    std::iter::once(blank).chain(labels.iter().flat_map(|&label| [label, blank])).collect()
}

/// log Σ exp.
fn log_sum(terms: impl Iterator<Item = f64> + Clone) -> f64 {
    match terms.clone().fold(f64::NEG_INFINITY, f64::max) {
        f64::NEG_INFINITY => f64::NEG_INFINITY,
        most => most + terms.map(|term| (term - most).exp()).sum::<f64>().ln(),
    }
}

impl Item {
    /// Whether an alignment may go from one node to another, from one step to the next.
    fn follows(&self, from: usize, to: usize) -> bool {
        match to.checked_sub(from) {
            Some(0 | 1) => true,
            // two labels that are the same need the blank between them
            Some(2) => to % 2 == 1 && self.nodes[from] != self.nodes[to],
            _ => false,
        }
    }

    /// For each step and node, the log of the probability of all beginnings of alignments that are at the node at this
    /// step. The step itself is included.
    fn before(&self) -> Vec<Vec<f64>> {
        let mut rows: Vec<Vec<f64>> = Vec::new();
        for x in &self.x {
            let sum = |to: usize| match rows.last() {
                None if to < 2 => 0.0,
                None => f64::NEG_INFINITY,
                Some(last) => {
                    log_sum((to.saturating_sub(2)..=to).filter(|from| self.follows(*from, to)).map(|from| last[from]))
                }
            };
            rows.push((0..self.nodes.len()).map(|node| sum(node) + x[self.nodes[node]]).collect());
        }
        rows
    }

    /// For each step and node, the log of the probability of all ends of alignments that are at the node at this step. The
    /// step itself is not included.
    fn after(&self) -> Vec<Vec<f64>> {
        let (count, mut rows) = (self.nodes.len(), Vec::<Vec<f64>>::new());
        for t in (0..self.x.len()).rev() {
            let sum = |from: usize| match rows.last() {
                None if from + 2 >= count => 0.0,
                None => f64::NEG_INFINITY,
                Some(last) => {
                    let next = (from..count.min(from + 3)).filter(|to| self.follows(from, *to));
                    log_sum(next.map(|to| last[to] + self.x[t + 1][self.nodes[to]]))
                }
            };
            let row = (0..count).map(sum).collect();
            rows.push(row);
        }
        rows.reverse();
        rows
    }

    /// The log of the probability of all alignments: they end with the last label, or with the blank after it.
    fn log_probability(&self, before: &[Vec<f64>]) -> f64 {
        let unknown = |x: &f64| x.is_nan() || *x == f64::INFINITY;
        match before.last() {
            _ if self.x.iter().flatten().any(unknown) => f64::NAN,
            Some(last) => match log_sum(last.iter().rev().take(2).copied()) {
                log if log < LEAST_LOG => f64::NEG_INFINITY,
                log => log,
            },
            // without steps and without labels there is one alignment, the empty one
            None if self.nodes.len() == 1 => 0.0,
            None => f64::NEG_INFINITY,
        }
    }
}

impl Walk for Aligned {
    fn values(&self) -> &[Value] {
        &self.values
    }

    fn gradient(&self, _: &OperandSpec, scales: &[Upstream]) -> Vec<f64> {
        let of = |at: usize| scales[at / self.lattice.classes % self.lattice.items][0];
        let scaled = |(at, slope): (usize, &Option<f64>)| slope.map_or(0.0, |slope| of(at) * slope);
        self.slopes.iter().enumerate().map(scaled).collect()
    }
}
