//! A value for each item: the sum over all differences of neighbouring pixels.

use crate::array::Array;
use crate::cpu::walk::{Upstream, Value, Walk};
use crate::leaf::Pointwise;
use crate::loss::OperandSpec;
use crate::role::Role;
use crate::shape::Pictures;
use crate::term::Part;

/// The derivative of an item's value with respect to each of its pixels, and the values.
pub(super) struct Neighbours {
    pictures: Pictures,
    slopes: Vec<f64>,
    values: Vec<Value>,
}

impl Neighbours {
    pub fn new(part: &Part<Array>, leaf: &dyn Pointwise, pictures: Pictures) -> Neighbours {
        let pixels = part.of_role(Role::Pictures).map(Array::to_f64).unwrap_or_default();
        let (mut slopes, mut values) = (vec![0.0; pixels.len()], Vec::new());
        // pictures without pixels may have very many planes
        let planes = if pixels.is_empty() { 0 } else { pictures.c };
        for item in 0..pictures.n {
            let mut loss = 0.0;
            for plane in item * planes..(item + 1) * planes {
                for (y, x) in (0..pictures.height).flat_map(|y| (0..pictures.width).map(move |x| (y, x))) {
                    let here = pictures.element(plane, y, x);
                    let right = (x + 1 < pictures.width).then(|| pictures.element(plane, y, x + 1));
                    let below = (y + 1 < pictures.height).then(|| pictures.element(plane, y + 1, x));
                    for next in [right, below].into_iter().flatten() {
                        let score = leaf.score([pixels[next] - pixels[here], 0.0, 0.0, 0.0], [0.0; 3]);
                        loss += score.loss;
                        slopes[next] += score.d[0];
                        slopes[here] -= score.d[0];
                    }
                    // a NaN makes the loss NaN even in a pixel without neighbours
                    loss += if pixels[here].is_nan() { f64::NAN } else { 0.0 };
                }
            }
            values.push(Value::of(loss));
        }
        Neighbours { pictures, slopes, values }
    }
}

impl Walk for Neighbours {
    fn values(&self) -> &[Value] {
        &self.values
    }

    fn gradient(&self, _operand: &OperandSpec, scales: &[Upstream]) -> Vec<f64> {
        let per_item = self.pictures.per_item().max(1);
        self.slopes.iter().enumerate().map(|(i, slope)| slope * scales[i / per_item][0]).collect()
    }
}
