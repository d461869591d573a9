//! The softmax of a row of logits, as in a textbook.

use crate::math::greatest;

/// A softmax: `p(x) = exp(x − max) / Σ exp(xⱼ − max)`, over the logits `xⱼ` of a row.
///
/// Subtracting the greatest logit from all changes no probability, and keeps every exponential at most 1. The greatest
/// logit's own exponential, which is 1, stays out of the sum `rest`: 1 − p and −log p of a nearly certain class are as small
/// as `rest`, and adding 1 first would round their digits away.
#[derive(Clone, Copy)]
pub(super) struct Softmax {
    /// The greatest logit.
    pub max: f64,
    /// `Σ exp(xⱼ − max)` over all logits but the greatest.
    pub rest: f64,
}

impl Softmax {
    /// The softmax of a row that has none: every number is NaN.
    pub const NONE: Softmax = Softmax { max: f64::NAN, rest: f64::NAN };

    /// The softmax of a row. A row has none with a NaN or +∞ in it, or with nothing but −∞.
    pub fn of(x: &[f64]) -> Softmax {
        let top = greatest(x);
        match x.get(top) {
            Some(&max) if max.is_finite() && !x.iter().any(|x| x.is_nan()) => {
                Softmax { max, rest: (0..x.len()).filter(|&k| k != top).map(|k| (x[k] - max).exp()).sum() }
            }
            _ => Softmax::NONE,
        }
    }

    /// `Σ exp(xⱼ − max)` over all logits.
    pub fn total(&self) -> f64 {
        1.0 + self.rest
    }

    /// The log of [`total`](Self::total).
    pub fn log_total(&self) -> f64 {
        self.rest.ln_1p()
    }

    /// The log of the sum of the logits' exponentials.
    pub fn lse(&self) -> f64 {
        self.max + self.log_total()
    }

    /// The probability of a class with this logit.
    pub fn p(&self, x: f64) -> f64 {
        (x - self.max).exp() / self.total()
    }

    /// Whether p is exactly 0 because the logit is −∞, as callers mask a class.
    pub fn is_masked(&self, x: f64) -> bool {
        x - self.max == f64::NEG_INFINITY
    }

    /// `1 − p` of a class with this logit.
    pub fn miss(&self, x: f64) -> f64 {
        match self.max - x {
            0.0 => self.rest / self.total(),
            gap => (self.total() - (-gap).exp()) / self.total(),
        }
    }

    /// `−log p` of a class with this logit.
    pub fn nll(&self, x: f64) -> f64 {
        self.max - x + self.log_total()
    }
}

#[cfg(test)]
mod tests {
    use super::Softmax;

    /// The definition without any care for digits.
    fn plain(x: &[f64], k: usize) -> f64 {
        x[k].exp() / x.iter().map(|x| x.exp()).sum::<f64>()
    }

    #[test]
    fn it_is_the_definition() {
        for row in [&[0.3][..], &[1.0, 1.0], &[-2.0, 0.5, 3.0, f64::NEG_INFINITY], &[5.0, -5.0, 0.0]] {
            let softmax = Softmax::of(row);
            for k in 0..row.len() {
                let (p, x) = (plain(row, k), row[k]);
                let near = |got: f64, want: f64| got == want || (got - want).abs() <= 1e-14;
                assert!(near(softmax.p(x), p), "{row:?}, class {k}: p is {}, {p} by definition", softmax.p(x));
                assert!(near(softmax.miss(x), 1.0 - p), "{row:?}, class {k}: 1 − p is {}", softmax.miss(x));
                assert!(near(softmax.nll(x), -p.ln()), "{row:?}, class {k}: −log p is {}", softmax.nll(x));
            }
            let sum = row.iter().map(|x| x.exp()).sum::<f64>();
            assert!((softmax.lse() - sum.ln()).abs() <= 1e-14, "{row:?}");
        }
    }

    #[test]
    fn a_nearly_certain_class_keeps_its_digits() {
        let softmax = Softmax::of(&[1e6, 1e6 - 100.0]);
        let rest = (-100f64).exp();
        assert_eq!((softmax.miss(1e6), softmax.nll(1e6), softmax.p(1e6)), (rest, rest, 1.0));
    }

    #[test]
    fn a_row_without_a_softmax_is_nan() {
        let masked = f64::NEG_INFINITY;
        for row in [&[][..], &[f64::NAN, 1.0], &[-f64::NAN, 1.0], &[1.0, f64::INFINITY], &[masked], &[masked; 3]] {
            let softmax = Softmax::of(row);
            let numbers = [softmax.p(1.0), softmax.miss(1.0), softmax.nll(1.0), softmax.lse()];
            assert!(numbers.iter().all(|x| x.is_nan()), "{row:?}: {numbers:?}");
        }
    }
}
