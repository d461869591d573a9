//! A hard point as data: a term, what it comes to, and how near a result has to be.

use wgloss::{Array, Operand, PartOutcome, Term, cpu};

/// What a term comes to.
#[derive(Clone)]
pub struct Point {
    pub name: &'static str,
    pub term: Term<Array>,
    /// The loss as a tensor: one number for a reduced term.
    pub loss: Vec<f64>,
    /// Gradients, each of an operand.
    pub gradients: Vec<(Array, Vec<f64>)>,
    /// Sums and denominators, where they are stated.
    pub parts: Vec<(f64, f64)>,
    /// The error of a number as a share of it; what is 0, infinite or NaN has to be just that.
    pub rtol: f64,
}

/// The share of a number that f64 arithmetic of a few dozen steps may lose.
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

    /// Compares what the twin gives.
    fn check(&self) -> Result<(), String> {
        let (outcome, gradients) = cpu::gradient_list(&self.term, &self.of()).map_err(|error| error.to_string())?;
        self.judge(outcome.tensor(), outcome.parts(), &gradients)
    }

    /// What is differentiated.
    pub fn of(&self) -> Vec<&Array> {
        self.gradients.iter().map(|(of, _)| of).collect()
    }

    /// Compares what a call gave.
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
            got == want || (got.is_nan() && want.is_nan()) || (got - want).abs() <= self.rtol * want.abs()
        };
        let alike = got.len() == want.len() && got.iter().zip(want).all(near);
        if alike { Ok(()) } else { Err(format!("{what} is {got:?}, not {want:?}")) }
    }
}

/// Checks all points with the twin before it fails.
pub fn check(points: impl IntoIterator<Item = Point>) {
    check_by(Point::check, points);
}

/// Checks all points before it fails.
pub fn check_by(given: impl Fn(&Point) -> Result<(), String>, points: impl IntoIterator<Item = Point>) {
    let failures = points.into_iter().filter_map(|point| Some(format!("{}: {}", point.name, given(&point).err()?)));
    let failures: Vec<_> = failures.collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Floats of a shape.
pub fn floats(numbers: &[f64], shape: &[usize]) -> Array {
    Array::new(numbers, shape).unwrap()
}

/// A row of floats.
pub fn row(numbers: &[f64]) -> Array {
    floats(numbers, &[numbers.len()])
}

/// Labels in a row.
pub fn labels(labels: &[i32]) -> Array {
    Array::new(labels, [labels.len()]).unwrap()
}

#[test]
fn a_point_is_missed_by_what_is_not_there() {
    let (x, t) = (row(&[1.0, 3.0]), row(&[0.0, 1.0]));
    let point = |loss: f64| Point::new("mse", wgloss::Mse::default().of(&x, &t), [loss]);
    assert_eq!(point(2.5).check(), Ok(()));
    assert_eq!(point(2.5).gradient(&x, [1.0, 2.0]).gradient(&t, [-1.0, -2.0]).parts([(5.0, 2.0)]).check(), Ok(()));
    for wrong in [
        point(2.5 + 1e-11),
        point(f64::NAN),
        point(2.5).gradient(&x, [1.0, 2.1]),
        point(2.5).gradient(&x, [1.0]),
        point(2.5).parts([(2.5, 1.0)]),
        point(2.5).parts([(5.0, 2.0), (0.0, 1.0)]),
        Point { loss: vec![], ..point(2.5) },
    ] {
        assert!(wrong.check().is_err());
    }
}
