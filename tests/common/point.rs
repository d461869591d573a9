//! A test point: a term, its expected results, and the tolerance.

use wgloss::{Array, Operand, PartOutcome, Term};

/// A term with its expected loss and gradients.
#[derive(Clone)]
pub struct Point {
    pub name: &'static str,
    pub term: Term<Array>,
    /// The expected loss as a tensor: one number for a reduced term.
    pub loss: Vec<f64>,
    /// The operands that are differentiated, with their expected gradients.
    pub gradients: Vec<(Array, Vec<f64>)>,
    /// The expected sums and denominators of the parts; empty if the point states none.
    pub parts: Vec<(f64, f64)>,
    /// The relative tolerance. Infinities and NaN must be met exactly, and 0 almost.
    pub rtol: f64,
}

/// The relative error that a few dozen steps of f64 arithmetic may cause.
const EXACT: f64 = 1e-13;

impl Point {
    pub fn new(name: &'static str, term: Term<Array>, loss: impl Into<Vec<f64>>) -> Point {
        Point { name, term, loss: loss.into(), gradients: Vec::new(), parts: Vec::new(), rtol: EXACT }
    }

    pub fn gradient(mut self, of: &Array, gradient: impl Into<Vec<f64>>) -> Point {
        self.gradients.push((of.clone(), gradient.into()));
        self
    }

    pub fn parts(mut self, parts: impl Into<Vec<(f64, f64)>>) -> Point {
        self.parts = parts.into();
        self
    }

    /// The operands that are differentiated.
    pub fn of(&self) -> Vec<&Array> {
        self.gradients.iter().map(|(of, _)| of).collect()
    }

    /// Compares the results of a call with the expected ones.
    pub fn judge(&self, loss: &Array, parts: &[PartOutcome], gradients: &[Array]) -> Result<(), String> {
        self.compare("loss", &loss.to_f64(), &self.loss)?;
        for (place, (gradient, (of, want))) in gradients.iter().zip(&self.gradients).enumerate() {
            if gradient.shape() != Operand::shape(of) {
                return Err(format!("gradient {place} has shape {:?}", gradient.shape()));
            }
            self.compare(&format!("gradient {place}"), &gradient.to_f64(), want)?;
        }
        if !self.parts.is_empty() {
            let numbers = |part: &PartOutcome| [part.sum, part.denominator];
            let got: Vec<f64> = parts.iter().flat_map(numbers).collect();
            let want: Vec<f64> = self.parts.iter().flat_map(|&(sum, denominator)| [sum, denominator]).collect();
            self.compare("parts", &got, &want)?;
        }
        Ok(())
    }

    fn compare(&self, what: &str, got: &[f64], want: &[f64]) -> Result<(), String> {
        let near = |(got, want): (&f64, &f64)| {
            let off = (got - want).abs();
            // where 0 is expected, a probability near the least that f32 holds is accepted
            let nothing = *want == 0.0 && off < 1e-36;
            got == want || (got.is_nan() && want.is_nan()) || off <= self.rtol * want.abs() || nothing
        };
        let alike = got.len() == want.len() && got.iter().zip(want).all(near);
        if alike { Ok(()) } else { Err(format!("{what} is {got:?}, not {want:?}")) }
    }
}

/// Checks every point with `given`, and then fails with a list of all that are wrong.
pub fn check_by(given: impl Fn(&Point) -> Result<(), String>, points: impl IntoIterator<Item = Point>) {
    let failures = points.into_iter().filter_map(|point| Some(format!("{}: {}", point.name, given(&point).err()?)));
    let failures: Vec<_> = failures.collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
