//! Checks hard points, calls whose results are known, with the twin.

#[path = "../common/point.rs"]
mod shared;

use crate::harness::tests;
use libtest_mimic::Trial;
pub use shared::Point;
use shared::check_by;
use wgloss::{Array, cpu};

pub fn tests() -> Vec<Trial> {
    tests![a_point_is_missed_by_what_is_not_there]
}

/// Compares the twin's results with a point.
fn given(point: &Point) -> Result<(), String> {
    let (outcome, gradients) = cpu::gradient_list(&point.term, &point.of()).map_err(|error| error.to_string())?;
    point.judge(outcome.tensor(), outcome.parts(), &gradients)
}

/// Checks all points, then fails if any is wrong.
pub fn check(points: impl IntoIterator<Item = Point>) {
    check_by(given, points);
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

fn a_point_is_missed_by_what_is_not_there() {
    let (x, t) = (row(&[1.0, 3.0]), row(&[0.0, 1.0]));
    let point = |loss: f64| Point::new("mse", wgloss::Mse::default().of(&x, &t), [loss]);
    assert_eq!(given(&point(2.5)), Ok(()));
    let right = point(2.5).gradient(&x, [1.0, 2.0]).gradient(&t, [-1.0, -2.0]).parts([(5.0, 2.0)]);
    assert_eq!(given(&right), Ok(()));
    for wrong in [
        point(2.5 + 1e-11),
        point(f64::NAN),
        point(2.5).gradient(&x, [1.0, 2.1]),
        point(2.5).gradient(&x, [1.0]),
        point(2.5).parts([(2.5, 1.0)]),
        point(2.5).parts([(5.0, 2.0), (0.0, 1.0)]),
        Point { loss: vec![], ..point(2.5) },
    ] {
        assert!(given(&wrong).is_err());
    }
}
