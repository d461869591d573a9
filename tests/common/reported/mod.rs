//! What users of such losses reported as wrong somewhere: small inputs, with values worked out from the formulas in 90 digits.
//! The twin and the GPU have to give each number to 1e-4 of it, however small it is.

mod ends;
mod sure;

use crate::point::Point;
use wgloss::{Array, Term};

/// How near every number has to be, as a share of it.
const RTOL: f64 = 1e-4;

/// Floats as GPUs hold them.
fn floats(numbers: &[f64], shape: &[usize]) -> Array {
    Array::new(&numbers.iter().map(|&x| x as f32).collect::<Vec<_>>(), shape).unwrap()
}

fn labels(labels: &[i32], shape: &[usize]) -> Array {
    Array::new(labels, shape).unwrap()
}

/// A term of one input, what it comes to, and its gradient.
fn point(name: &'static str, x: &Array, term: Term<Array>, loss: f64, gradient: &[f64]) -> Point {
    Point { rtol: RTOL, ..Point::new(name, term, [loss]).gradient(x, gradient) }
}

/// All of them.
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
