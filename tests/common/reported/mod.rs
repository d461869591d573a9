//! Cases that users of such losses have reported as wrong in some library: small inputs, with expected values computed from
//! the formulas in 90 digits. The twin and the GPU must give each number within 1e-4 of its size, however small it is.

mod ends;
mod sure;

use crate::point::Point;
use wgloss::{Array, Term};

/// The relative tolerance of every number.
const RTOL: f64 = 1e-4;

/// Floats, rounded to f32.
fn floats(numbers: &[f64], shape: &[usize]) -> Array {
    Array::new(&numbers.iter().map(|&x| x as f32).collect::<Vec<_>>(), shape).unwrap()
}

fn labels(labels: &[i32], shape: &[usize]) -> Array {
    Array::new(labels, shape).unwrap()
}

/// A term of one input, with its expected loss and gradient.
fn point(name: &'static str, x: &Array, term: Term<Array>, loss: f64, gradient: &[f64]) -> Point {
    Point { rtol: RTOL, ..Point::new(name, term, [loss]).gradient(x, gradient) }
}

/// All reported points.
pub fn all() -> Vec<Point> {
    [
        sure::sure_regions(),
        sure::sure_classes(),
        ends::near_boxes(),
        ends::ends_and_near_arguments(),
        ends::finite_or_not(),
    ]
    .concat()
}
