//! Sums of terms, and their coefficients.

use super::Term;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

impl<T> Term<T> {
    /// Applies `change` to the coefficient of each part.
    fn scaled(mut self, change: impl Fn(f64) -> f64) -> Term<T> {
        self.parts.iter_mut().for_each(|part| part.weight = change(part.weight.into()) as f32);
        self
    }
}

/// A coefficient multiplies the term's loss. 0 times a loss of NaN is NaN: to leave a term out, do not add it.
///
/// An `f32` may stand on either side of `*`, any other number only on the right: if an `f64` could stand on the left too, Rust
/// could not infer the type of `0.5` in `(0.5 * a).reduce(..)`.
impl<T> Mul<Term<T>> for f32 {
    type Output = Term<T>;
    fn mul(self, term: Term<T>) -> Term<T> {
        term * self
    }
}

/// A coefficient of any type that is exact in `f64`: `term * 0.5`, or `term * 2`. It is stored as `f32`.
impl<T, F: Into<f64>> Mul<F> for Term<T> {
    type Output = Term<T>;
    fn mul(self, factor: F) -> Term<T> {
        let factor = factor.into();
        self.scaled(|weight| weight * factor)
    }
}

/// The term with its coefficient divided by a number: `term / 4`.
impl<T, F: Into<f64>> Div<F> for Term<T> {
    type Output = Term<T>;
    fn div(self, divisor: F) -> Term<T> {
        let divisor = divisor.into();
        self.scaled(|weight| weight / divisor)
    }
}

impl<T> Neg for Term<T> {
    type Output = Term<T>;
    fn neg(self) -> Term<T> {
        self.scaled(|weight| -weight)
    }
}

impl<T> Add for Term<T> {
    type Output = Term<T>;
    fn add(mut self, other: Term<T>) -> Term<T> {
        self += other;
        self
    }
}

impl<T> AddAssign for Term<T> {
    fn add_assign(&mut self, other: Term<T>) {
        self.parts.extend(other.parts);
    }
}

impl<T> Sub for Term<T> {
    type Output = Term<T>;
    fn sub(self, other: Term<T>) -> Term<T> {
        self + -other
    }
}

/// The sum of an iterator's terms. Evaluating a sum of no terms is refused.
impl<T> Sum for Term<T> {
    fn sum<I: Iterator<Item = Term<T>>>(terms: I) -> Term<T> {
        Term::of_parts(terms.flat_map(|term| term.parts).collect())
    }
}
