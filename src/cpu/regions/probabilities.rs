//! The probabilities that follow from the predictions of a region loss.

use crate::leaf::Activation;
use crate::math::{greatest, sigmoids};
use crate::shape::Classes;

/// The probability of an element.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Predicted {
    pub p: f64,
    /// 1 − p, where possible computed without subtracting p from 1, since the subtraction loses its digits where p is near 1.
    pub q: f64,
}

/// The probability of each element of a call.
pub(super) fn probabilities(x: &[f64], classes: Classes, activation: Activation) -> Vec<Predicted> {
    match activation {
        Activation::None => x.iter().map(|&p| Predicted { p, q: 1.0 - p }).collect(),
        Activation::Sigmoid => x.iter().map(|&x| sigmoids(x)).map(|[p, q]| Predicted { p, q }).collect(),
        Activation::Softmax => {
            let mut predicted = vec![Predicted::default(); x.len()];
            for (i, j) in (0..classes.n).flat_map(|i| (0..classes.s).map(move |j| (i, j))) {
                let row: Vec<f64> = (0..classes.c).map(|k| x[classes.index(i, j, k)]).collect();
                for (k, of_class) in softmax(&row).into_iter().enumerate() {
                    predicted[classes.index(i, j, k)] = of_class;
                }
            }
            predicted
        }
    }
}

/// Whether each element's class is predicted at its position. With a softmax this is the first of the classes with the greatest
/// logit, and no class where the position has no softmax.
pub(super) fn hard(x: &[f64], classes: Classes, activation: Activation) -> Vec<bool> {
    match activation {
        Activation::None => x.iter().map(|&p| p > 0.5).collect(),
        Activation::Sigmoid => x.iter().map(|&x| x > 0.0).collect(),
        Activation::Softmax => {
            let mut hard = vec![false; x.len()];
            for (i, j) in (0..classes.n).flat_map(|i| (0..classes.s).map(move |j| (i, j))) {
                let row: Vec<f64> = (0..classes.c).map(|k| x[classes.index(i, j, k)]).collect();
                let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let first = row.iter().position(|&x| x == most);
                if let Some(first) = first.filter(|_| softmax(&row).iter().all(|of_class| !of_class.p.is_nan())) {
                    hard[classes.index(i, j, first)] = true;
                }
            }
            hard
        }
    }
}

/// The softmax of a position's classes.
///
/// It differs from [`Softmax`](crate::cpu::softmax::Softmax) in that only a masked class has a probability of 0: a ratio
/// of sums whose terms all nearly vanish still depends on probabilities that are small but not 0.
fn softmax(row: &[f64]) -> Vec<Predicted> {
    let first = greatest(row);
    let power = |k: usize| match row[k] {
        f64::NEG_INFINITY => 0.0,
        x => (x - row[first]).exp().max(f64::MIN_POSITIVE),
    };
    let rest: f64 = (0..row.len()).filter(|&k| k != first).map(power).sum();
    let has_none = row.iter().any(|x| x.is_nan() || *x == f64::INFINITY) || row.iter().all(|x| *x == f64::NEG_INFINITY);
    let of_class = |k: usize| match power(k) / (1.0 + rest) {
        _ if has_none => Predicted { p: f64::NAN, q: f64::NAN },
        p if k == first => Predicted { p, q: rest / (1.0 + rest) },
        p => Predicted { p, q: 1.0 - p },
    };
    (0..row.len()).map(of_class).collect()
}

#[cfg(test)]
mod tests {
    use super::softmax;
    use crate::cpu::softmax::Softmax;

    #[test]
    fn it_is_the_textbooks_where_nothing_underflows() {
        let masked = f64::NEG_INFINITY;
        for row in [&[0.5][..], &[1.0, 2.0, -3.0], &[2.0, 2.0], &[masked, 1.0, -30.0]] {
            let textbook = Softmax::of(row);
            for (x, got) in row.iter().zip(softmax(row)) {
                assert!((got.p - textbook.p(*x)).abs() <= 1e-16, "{row:?}: p of {x} is {}", got.p);
                assert!((got.q - textbook.miss(*x)).abs() <= 1e-15, "{row:?}: 1 − p of {x} is {}", got.q);
            }
        }
        assert!(softmax(&[0.0, -1e4])[1].p > 0.0, "a class that is not masked");
        for none in [&[f64::NAN, 0.0][..], &[f64::INFINITY, 0.0], &[masked, masked]] {
            assert!(softmax(none).iter().all(|got| got.p.is_nan() && got.q.is_nan()), "{none:?}");
        }
    }
}
