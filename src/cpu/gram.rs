//! A value for each pair of an item's channels, from the Gram matrices of input and target.

use crate::array::Array;
use crate::cpu::walk::{Upstream, Value, Walk};
use crate::leaf::{ElementScore, Pointwise};
use crate::loss::OperandSpec;
use crate::role::Role;
use crate::shape::Classes;
use crate::term::Part;

/// The score of each pair of channels, and the input's features, which the gradient needs.
pub(super) struct Gram {
    classes: Classes,
    input: Vec<f64>,
    scores: Vec<ElementScore>,
    values: Vec<Value>,
}

impl Gram {
    pub fn new(part: &Part<Array>, leaf: &dyn Pointwise, classes: Classes) -> Gram {
        let mut features = part.loss.header().operands.iter().filter(|spec| spec.role == Role::Channels);
        let mut next = || features.next().and_then(|spec| part.operand(spec.name)).map(Array::to_f64);
        let [input, target] = [next(), next()].map(|features| known(features.unwrap_or_default(), classes));
        let differences = differences(&input, &target, classes);
        let scores: Vec<ElementScore> = differences.iter().map(|x| leaf.score([*x, 0.0, 0.0, 0.0], [0.0; 3])).collect();
        let values = scores.iter().map(|score| Value::of(score.loss)).collect();
        Gram { classes, input, scores, values }
    }
}

/// Sets all elements of a channel to NaN if one of them is not finite: differences of infinite products are not known.
fn known(mut features: Vec<f64>, classes: Classes) -> Vec<f64> {
    for (i, k) in (0..classes.n).flat_map(|i| (0..classes.c).map(move |k| (i, k))) {
        if (0..classes.s).any(|j| !features[classes.index(i, j, k)].is_finite()) {
            (0..classes.s).for_each(|j| features[classes.index(i, j, k)] = f64::NAN);
        }
    }
    features
}

/// The difference of the two Gram matrices of each item.
///
/// Before the division it is `F·Fᵀ − T·Tᵀ`. This is summed as `(F − T)·Fᵀ + T·(F − T)ᵀ`, which keeps its digits where the
/// features are nearly the same.
fn differences(input: &[f64], target: &[f64], classes: Classes) -> Vec<f64> {
    let mut differences = Vec::with_capacity(classes.n * classes.c * classes.c);
    for i in 0..classes.n {
        for (a, b) in (0..classes.c).flat_map(|a| (0..classes.c).map(move |b| (a, b))) {
            let product = |j: usize| {
                let [a, b] = [a, b].map(|k| classes.index(i, j, k));
                (input[a] - target[a]) * input[b] + target[a] * (input[b] - target[b])
            };
            differences.push((0..classes.s).map(product).sum::<f64>() / size(classes));
        }
    }
    differences
}

/// The divisor of a Gram matrix: the number of elements of an item, or 1 if it has none.
fn size(classes: Classes) -> f64 {
    (classes.c * classes.s).max(1) as f64
}

impl Walk for Gram {
    fn values(&self) -> &[Value] {
        &self.values
    }

    fn gradient(&self, _operand: &OperandSpec, scales: &[Upstream]) -> Vec<f64> {
        let Classes { n, c, s, .. } = self.classes;
        let mut gradient = vec![0.0; n * c * s];
        for i in 0..n {
            let slope = |a: usize, b: usize| {
                let at = (i * c + a) * c + b;
                self.scores[at].d[0] * scales[at][0] / size(self.classes)
            };
            for (a, b) in (0..c).flat_map(|a| (0..c).map(move |b| (a, b))) {
                // a channel is a row of the matrix and also a column
                let both = slope(a, b) + slope(b, a);
                for j in 0..s {
                    gradient[self.classes.index(i, j, a)] += both * self.input[self.classes.index(i, j, b)];
                }
            }
        }
        gradient
    }
}
