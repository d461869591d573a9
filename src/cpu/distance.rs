//! The distance of two vectors, and its derivatives with respect to both.

use crate::leaf::Measure;

/// A distance and its derivatives.
pub(super) struct Distance {
    pub distance: f64,
    /// The cosine of the vectors where the distance is 1 minus the cosine, otherwise 0.
    pub cosine: f64,
    /// The derivatives of the distance with respect to the first vector, and to the second.
    pub d: [Vec<f64>; 2],
}

/// Measures the distance of two vectors.
pub(super) fn distance(measure: Measure, a: &[f64], b: &[f64]) -> Distance {
    match measure {
        Measure::Cosine => cosine(a, b),
        Measure::Norm { p, eps } => norm(p.into(), eps.into(), a, b),
    }
}

/// A cosine divides by at least this norm, as PyTorch does.
const LEAST_NORM: f64 = 1e-8;

/// `1 − u·v`, where u and v are the vectors divided by their norms.
///
/// For vectors of norm 1 this is `½·|u − v|²`, which keeps its digits where the two are nearly parallel. A vector that is
/// shorter than the least norm has a `|u|²` below 1; for it, `½·(1 − |u|²)` is added.
fn cosine(a: &[f64], b: &[f64]) -> Distance {
    let [norm_a, norm_b] = [a, b].map(|v| v.iter().map(|x| x * x).sum::<f64>().sqrt());
    let unit = |v: &[f64], norm: f64| v.iter().map(|x| x / norm.max(LEAST_NORM)).collect::<Vec<f64>>();
    let (u, v) = (unit(a, norm_a), unit(b, norm_b));
    let cosine: f64 = u.iter().zip(&v).map(|(u, v)| u * v).sum();
    let apart: f64 = u.iter().zip(&v).map(|(u, v)| (u - v).powi(2)).sum();
    let lacking = |norm: f64| if norm < LEAST_NORM { 1.0 - (norm / LEAST_NORM).powi(2) } else { 0.0 };
    let distance = 0.5 * (apart + lacking(norm_a) + lacking(norm_b));
    // the derivative of −u·v with respect to the vector that u is the direction of
    let slope = |norm: f64, u: &[f64], v: &[f64]| -> Vec<f64> {
        let along = if norm < LEAST_NORM { 0.0 } else { cosine };
        let slope = |(u, v): (&f64, &f64)| if norm == 0.0 { 0.0 } else { (along * u - v) / norm.max(LEAST_NORM) };
        u.iter().zip(v).map(slope).collect()
    };
    Distance { distance, cosine, d: [slope(norm_a, &u, &v), slope(norm_b, &v, &u)] }
}

/// `(Σ |a − b + eps|^p)^(1/p)`.
///
/// The powers are taken of each difference over the greatest, so that no power overflows or underflows.
fn norm(p: f64, eps: f64, a: &[f64], b: &[f64]) -> Distance {
    let difference: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b + eps).collect();
    let greatest = difference.iter().fold(0.0f64, |most, x| most.max(x.abs()));
    let shares: Vec<f64> = difference.iter().map(|x| if *x == 0.0 { 0.0 } else { x.abs() / greatest }).collect();
    let power = |share: f64| if share == 0.0 { 0.0 } else { share.powf(p) };
    let sum = shares.iter().map(|share| power(*share)).sum::<f64>();
    let distance = match greatest {
        _ if difference.iter().any(|x| x.is_nan()) => f64::NAN,
        0.0 | f64::INFINITY => greatest,
        _ => greatest * sum.powf(1.0 / p),
    };
    let slope = |(x, share): (&f64, &f64)| match *x {
        0.0 => 0.0,
        // under an infinite distance: a finite difference divided by it is 0, an infinite difference divided by it is NaN
        x if distance.is_infinite() => x.signum() * (x.abs() / distance).powf(p - 1.0),
        // (share/root)^(p − 1), by a power of the sum: for a large p its root is 1, rounded
        x => x.signum() * share.powf(p - 1.0) * sum.powf((1.0 - p) / p),
    };
    let d: Vec<f64> = difference.iter().zip(&shares).map(slope).collect();
    let opposite = d.iter().map(|d| -d).collect();
    Distance { distance, cosine: 0.0, d: [d, opposite] }
}

#[cfg(test)]
mod tests {
    use super::{Measure, distance};

    /// The definition without any care for digits.
    fn plain(measure: Measure, a: &[f64], b: &[f64]) -> f64 {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        match measure {
            Measure::Cosine => 1.0 - dot(a, b) / (dot(a, a).sqrt().max(1e-8) * dot(b, b).sqrt().max(1e-8)),
            Measure::Norm { p, eps } => {
                let (p, eps) = (f64::from(p), f64::from(eps));
                a.iter().zip(b).map(|(a, b)| (a - b + eps).abs().powf(p)).sum::<f64>().powf(1.0 / p)
            }
        }
    }

    const MEASURES: [Measure; 4] = [
        Measure::Cosine,
        Measure::Norm { p: 1.0, eps: 0.0 },
        Measure::Norm { p: 2.0, eps: 1e-6 },
        Measure::Norm { p: 3.5, eps: 0.25 },
    ];

    const PAIRS: [(&[f64], &[f64]); 5] = [
        (&[], &[]),
        (&[2.0], &[-1.5]),
        (&[1.0, 2.0, -3.0], &[0.5, 1.0, 2.0]),
        (&[3e-9, -4e-9], &[1.0, 0.5]),
        (&[1.0, 2.0], &[2.0, 4.5]),
    ];

    #[test]
    fn it_is_the_definition() {
        for (measure, (a, b)) in MEASURES.iter().flat_map(|measure| PAIRS.iter().map(move |pair| (*measure, *pair))) {
            let (got, want) = (distance(measure, a, b).distance, plain(measure, a, b));
            assert!((got - want).abs() <= 1e-14 * want.max(1.0), "{measure:?} of {a:?} and {b:?}: {got}, not {want}");
        }
    }

    #[test]
    fn derivatives_are_slopes() {
        let step = 1e-6;
        for measure in MEASURES {
            let (a, b) = PAIRS[2];
            let got = distance(measure, a, b).d;
            for (side, k) in [(0, 0), (0, 2), (1, 1)] {
                let at = |step: f64| {
                    let mut vectors = [a.to_vec(), b.to_vec()];
                    vectors[side][k] += step;
                    plain(measure, &vectors[0], &vectors[1])
                };
                let slope = (at(step) - at(-step)) / (2.0 * step);
                assert!(
                    (got[side][k] - slope).abs() <= 1e-8,
                    "{measure:?}: {} at {k}, the slope is {slope}",
                    got[side][k]
                );
            }
        }
    }

    #[test]
    fn nearly_parallel_vectors_keep_their_digits() {
        // the sine of the angle is 1e-9, so that 1 − cosine is 5e-19
        let got = distance(Measure::Cosine, &[1.0, 0.0], &[1.0, 1e-9]).distance;
        assert!((got / 5e-19 - 1.0).abs() <= 1e-9, "{got}");
    }
}
