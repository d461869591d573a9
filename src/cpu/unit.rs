//! A row that is ready to be multiplied with other rows: divided by its norm, where the loss asks for it.

/// A row is divided by at least this norm.
const LEAST_NORM: f64 = 1e-8;

/// A row that is ready to be multiplied, and the norm it had.
pub(super) struct Unit {
    pub x: Vec<f64>,
    norm: f64,
    normalized: bool,
}

impl Unit {
    /// A row that holds an infinity becomes NaN, since its products are unknown.
    pub fn of(x: &[f64], normalize: bool) -> Unit {
        let finite = x.iter().all(|x| x.is_finite());
        let norm = if normalize { x.iter().map(|x| x * x).sum::<f64>().sqrt() } else { 1.0 };
        let divided = |x: &f64| if finite { x / norm.max(LEAST_NORM) } else { f64::NAN };
        Unit { x: x.iter().map(divided).collect(), norm, normalized: normalize }
    }

    /// `count` rows of `width` elements each. A width of 0 gives `count` rows too.
    pub fn rows(x: &[f64], count: usize, width: usize, normalize: bool) -> Vec<Unit> {
        let mut rows: Vec<Unit> = x.chunks_exact(width.max(1)).map(|x| Unit::of(x, normalize)).collect();
        rows.resize_with(count, || Unit::of(&[], normalize));
        rows
    }

    pub fn is_known(&self) -> bool {
        self.x.iter().all(|x| !x.is_nan())
    }

    pub fn dot(&self, other: &Unit) -> f64 {
        self.x.iter().zip(&other.x).map(|(a, b)| a * b).sum()
    }

    /// The sine of the angle between two divided rows: `√((1 − cos)(1 + cos))`.
    ///
    /// For vectors u and v of norm 1 the factors are `½·|u − v|²` and `½·|u + v|²`, which keep the digits that cosines near ±1
    /// have lost.
    pub fn sine(&self, other: &Unit) -> f64 {
        let pairs = || self.x.iter().zip(&other.x);
        if self.norm < LEAST_NORM || other.norm < LEAST_NORM {
            let cosine = self.dot(other);
            return ((1.0 - cosine) * (1.0 + cosine)).sqrt();
        }
        let apart: f64 = pairs().map(|(a, b)| (a - b).powi(2)).sum();
        let against: f64 = pairs().map(|(a, b)| (a + b).powi(2)).sum();
        0.5 * (apart * against).sqrt()
    }

    /// The gradient with respect to the caller's row, from the gradient `d` with respect to the divided row.
    ///
    /// It is 0 where the norm is 0, unless `d` is NaN; and where `d` is 0: a row that is compared with no other row may hold
    /// NaN.
    pub fn through_norm(&self, d: &[f64]) -> Vec<f64> {
        if !self.normalized || d.iter().all(|&d| d == 0.0) {
            return d.to_vec();
        }
        let along: f64 = if self.norm < LEAST_NORM { 0.0 } else { d.iter().zip(&self.x).map(|(d, x)| d * x).sum() };
        let norm = self.norm.max(LEAST_NORM);
        let divide = |(d, x): (&f64, &f64)| if self.norm == 0.0 { 0.0 * d } else { (d - along * x) / norm };
        d.iter().zip(&self.x).map(divide).collect()
    }
}
