//! A value for each row, from how far its vectors lie apart.

use crate::array::Array;
use crate::cpu::outcome::{Scales, Value, Walked};
use crate::leaf::{Distances, Measure, Vectors, VectorsScore};
use crate::loss::{Header, OperandSpec};
use crate::role::Role;
use crate::term::Part;

/// The distances and scores of all rows.
pub(super) struct Rows<'a> {
    part: &'a Part<Array>,
    pairs: &'static [[usize; 2]],
    width: usize,
    /// The pairs of each row that takes part, and its score.
    rows: Vec<Option<(Vec<Pair>, VectorsScore)>>,
    values: Vec<Value>,
}

/// The distance of two vectors and its derivatives with respect to both.
struct Pair {
    distance: f64,
    cosine: f64,
    d: [Vec<f64>; 2],
}

impl<'a> Rows<'a> {
    pub fn new(part: &'a Part<Array>, leaf: &dyn Vectors, rows: usize, width: usize) -> Rows<'a> {
        let header = part.loss.header();
        let of_role = |role| header.player(role).and_then(|spec| part.operand(spec.name)).map(Array::to_f64);
        let (target, mask) = (of_role(Role::Row), of_role(Role::Mask));
        let operands: Vec<Vec<f64>> =
            vectors(header).filter_map(|spec| part.operand(spec.name)).map(Array::to_f64).collect();
        let pairs = leaf.pairs();
        let (mut scored, mut values) = (Vec::new(), Vec::new());
        for row in 0..rows {
            if mask.as_ref().is_some_and(|mask| mask[row] == 0.0) {
                scored.push(None);
                values.push(Value::default());
                continue;
            }
            let of_row = |operand: usize| &operands[operand][row * width..(row + 1) * width];
            let measured: Vec<Pair> = pairs.iter().map(|&[a, b]| pair(leaf.measure(), of_row(a), of_row(b))).collect();
            let mut seen = Distances { cosine: measured[0].cosine, ..Default::default() };
            for (d, pair) in seen.d.iter_mut().zip(&measured) {
                *d = pair.distance;
            }
            let target = target.as_ref().map_or(0.0, |target| target[row]);
            let mut score = leaf.score(&seen, target);
            if target.is_nan() || seen.d.iter().any(|d| d.is_nan()) || score.loss.is_nan() {
                score = VectorsScore { loss: f64::NAN, d: [f64::NAN; 3] };
            }
            values.push(Value { loss: score.loss, extra: 0.0, weight: 1.0, count: 1.0 });
            scored.push(Some((measured, score)));
        }
        Rows { part, pairs, width, rows: scored, values }
    }
}

/// The operands that are vectors, which pairs count.
fn vectors(header: &'static Header) -> impl Iterator<Item = &'static OperandSpec> {
    header.operands.iter().filter(|spec| spec.role == Role::Element)
}

fn pair(measure: Measure, a: &[f64], b: &[f64]) -> Pair {
    match measure {
        Measure::Cosine => cosine(a, b),
        Measure::Norm { p, eps } => norm(p.into(), eps.into(), a, b),
    }
}

/// The norm below which a vector is taken to be no shorter.
const SHORTEST: f64 = 1e-8;

fn cosine(a: &[f64], b: &[f64]) -> Pair {
    let [of_a, of_b] = [a, b].map(|v| v.iter().map(|x| x * x).sum::<f64>().sqrt());
    let unit = |v: &[f64], length: f64| v.iter().map(|x| x / length.max(SHORTEST)).collect::<Vec<f64>>();
    let (u, v) = (unit(a, of_a), unit(b, of_b));
    let dot: f64 = u.iter().zip(&v).map(|(u, v)| u * v).sum();
    // 1 − u·v is half of |u − v|² for unit vectors: of two that are nearly parallel it keeps its digits
    let apart: f64 = u.iter().zip(&v).map(|(u, v)| (u - v).powi(2)).sum();
    let lacking = |length: f64| if length < SHORTEST { 1.0 - (length / SHORTEST).powi(2) } else { 0.0 };
    let distance = 0.5 * (apart + lacking(of_a) + lacking(of_b));
    // the derivative of −u·v with respect to the vector that u is the direction of
    let slope = |length: f64, u: &[f64], v: &[f64]| -> Vec<f64> {
        let along = if length < SHORTEST { 0.0 } else { dot };
        let slope = |(u, v): (&f64, &f64)| if length == 0.0 { 0.0 } else { (along * u - v) / length.max(SHORTEST) };
        u.iter().zip(v).map(slope).collect()
    };
    Pair { distance, cosine: dot, d: [slope(of_a, &u, &v), slope(of_b, &v, &u)] }
}

fn norm(p: f64, eps: f64, a: &[f64], b: &[f64]) -> Pair {
    let difference: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b + eps).collect();
    // as shares of the greatest, so that no power leaves the range
    let greatest = difference.iter().fold(0.0f64, |most, x| most.max(x.abs()));
    let power = |share: f64, p: f64| if share == 0.0 { 0.0 } else { share.powf(p) };
    let shares: Vec<f64> = difference.iter().map(|x| if *x == 0.0 { 0.0 } else { x.abs() / greatest }).collect();
    let root = shares.iter().map(|share| power(*share, p)).sum::<f64>().powf(1.0 / p);
    let distance = match greatest {
        _ if difference.iter().any(|x| x.is_nan()) => f64::NAN,
        0.0 | f64::INFINITY => greatest,
        _ => greatest * root,
    };
    let slope = |(x, share): (&f64, &f64)| match *x {
        0.0 => 0.0,
        // a finite difference is nothing of an infinite distance, and an infinite one an unknown share of it
        x if distance.is_infinite() => x.signum() * (x.abs() / distance).powf(p - 1.0),
        x => x.signum() * (share / root).powf(p - 1.0),
    };
    let d: Vec<f64> = difference.iter().zip(&shares).map(slope).collect();
    let opposite = d.iter().map(|d| -d).collect();
    Pair { distance, cosine: 0.0, d: [d, opposite] }
}

impl Walked for Rows<'_> {
    fn values(&self) -> &[Value] {
        &self.values
    }

    fn gradient(&self, operand: &OperandSpec, scales: &[Scales]) -> Vec<f64> {
        let place = vectors(self.part.loss.header()).position(|spec| spec.name == operand.name);
        let place = place.expect("the differentiable operands of a loss of vectors are its vectors");
        let mut gradient = vec![0.0; self.rows.len() * self.width];
        for (row, scored) in self.rows.iter().enumerate() {
            let Some((measured, score)) = scored else { continue };
            let own = &mut gradient[row * self.width..(row + 1) * self.width];
            for (k, (pair, of)) in measured.iter().zip(self.pairs).enumerate() {
                let Some(side) = of.iter().position(|&operand| operand == place) else { continue };
                let slope = score.d[k] * scales[row][0];
                // a distance that the loss does not change with has no part in the gradient, infinite or not
                if slope != 0.0 {
                    own.iter_mut().zip(&pair.d[side]).for_each(|(own, d)| *own += slope * d);
                }
            }
        }
        gradient
    }
}
