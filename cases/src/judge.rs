//! Decides whether a tensor passes a conformance case.

use std::fmt;
use wgloss::{Array, DType};

/// How far a tensor may lie from the expected one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Relative to the largest finite magnitude expected in the tensor.
    pub rtol: f64,
    /// Absolute, for tensors that are expected to be zero or tiny.
    pub atol: f64,
}

impl Tolerance {
    /// The largest error allowed; `largest` is the largest finite magnitude expected.
    fn bound(self, largest: f64) -> f64 {
        if largest == 0.0 { self.atol } else { self.rtol * largest + self.atol.min(1e-6 * largest) }
    }
}

/// Half a unit in the last place: the error of rounding `number` to `dtype`.
fn rounding(dtype: DType, number: f64) -> f64 {
    match dtype {
        // f16 has 11 significant bits; subnormals are multiples of 2^-24
        DType::F16 => number.abs() * 2f64.powi(-11) + 2f64.powi(-25),
        DType::BF16 => number.abs() * 2f64.powi(-8),
        _ => 0.0,
    }
}

/// Rounds to infinity where a `dtype` of 16 bits does: from half a step above its greatest number. This number is 65504 in f16,
/// and 255·2^120 in bf16.
fn stored(dtype: DType, number: f64) -> f64 {
    let infinite = match dtype {
        DType::F16 => number.abs() >= 65520.0,
        DType::BF16 => number.abs() >= 511.0 * 2f64.powi(119),
        _ => false,
    };
    if infinite { number * f64::INFINITY } else { number }
}

/// How a tensor differs from the expected one.
#[derive(Clone, Debug, PartialEq)]
pub enum Miss {
    /// The shapes differ.
    Shape {
        /// The tensor's shape.
        got: Vec<usize>,
        /// The shape expected.
        want: Vec<usize>,
    },
    /// An element differs. This is the worst one.
    Element {
        /// The element's index along each axis.
        at: Vec<usize>,
        /// Its value.
        got: f64,
        /// The value expected.
        want: f64,
        /// The error as a share of the tolerance.
        share: f64,
    },
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Miss::Shape { got, want } => write!(f, "got shape {got:?}, want {want:?}"),
            Miss::Element { at, got, want, share } => {
                write!(f, "element {at:?}: got {got:?}, want {want:?}, {share:.3} times the tolerance")
            }
        }
    }
}

/// How far a tensor lies from the expected one.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The worst error as a share of its tolerance.
    pub share: f64,
    /// The worst error as a share of the largest finite magnitude expected; `None` if that is 0.
    pub relative: Option<f64>,
    /// The worst difference, if it exceeds the tolerance.
    pub miss: Option<Miss>,
}

/// Compares a tensor with the expected one.
pub fn judge(got: &Array, want: &Array, tolerance: Tolerance) -> Judged {
    if got.shape() != want.shape() {
        let miss = Miss::Shape { got: got.shape().to_vec(), want: want.shape().to_vec() };
        return Judged { share: f64::INFINITY, relative: Some(f64::INFINITY), miss: Some(miss) };
    }
    let dtype = got.dtype();
    let (got, expected): (_, Vec<f64>) = (got.to_f64(), want.to_f64().into_iter().map(|w| stored(dtype, w)).collect());
    let largest = expected.iter().filter(|w| w.is_finite()).fold(0.0, |largest: f64, w| largest.max(w.abs()));
    let bound = tolerance.bound(largest);
    let share = |place: usize| match error(got[place], expected[place]) {
        // an exact element passes, even if the tolerance is 0
        0.0 => 0.0,
        f64::INFINITY => f64::INFINITY,
        error => error / (bound + rounding(dtype, expected[place])),
    };
    let errors = got.iter().zip(&expected).map(|(&got, &want)| error(got, want));
    let relative = (largest > 0.0).then(|| errors.fold(0.0, f64::max) / largest);
    let shares = (0..got.len()).map(|place| (place, share(place)));
    let (place, share) = shares.max_by(|(_, a), (_, b)| a.total_cmp(b)).unwrap_or_default();
    let element = || Miss::Element { at: index(place, want.shape()), got: got[place], want: expected[place], share };
    Judged { share, relative, miss: (share > 1.0).then(element) }
}

/// The distance of a value from the expected one. NaN and infinities only match themselves.
fn error(got: f64, want: f64) -> f64 {
    if got == want || (got.is_nan() && want.is_nan()) {
        0.0
    } else if got.is_finite() && want.is_finite() {
        (got - want).abs()
    } else {
        f64::INFINITY
    }
}

/// The index along each axis of element `place` of a row-major tensor.
fn index(place: usize, shape: &[usize]) -> Vec<usize> {
    let mut rest = place;
    let mut index: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&size| {
            let i = rest % size;
            rest /= size;
            i
        })
        .collect();
    index.reverse();
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLERANCE: Tolerance = Tolerance { rtol: 1e-3, atol: 1e-7 };

    fn result(judged: Judged) -> Result<f64, Miss> {
        judged.miss.map_or(Ok(judged.share), Err)
    }

    fn judged(got: &[f64], want: &[f64]) -> Result<f64, Miss> {
        let array = |values| Array::new(values, [values.len()]).unwrap();
        result(judge(&array(got), &array(want), TOLERANCE))
    }

    #[test]
    fn errors_are_relative_to_the_largest_finite_magnitude() {
        let (nan, inf) = (f64::NAN, f64::INFINITY);
        let cases: [(&[f64], &[f64], Option<f64>); 7] = [
            (&[2.0, 1.5], &[2.0, 1.0], Some(0.25)),
            (&[-4.0, 1.0], &[-4.0, 2.0], Some(0.25)),
            (&[inf, 1.5], &[inf, 1.0], Some(0.5)),
            (&[nan, 1.0], &[nan, 1.0], Some(0.0)),
            (&[nan], &[1.0], Some(inf)),
            (&[0.5], &[0.0], None),
            (&[], &[], None),
        ];
        for (got, want, relative) in cases {
            let array = |values| Array::new(values, [values.len()]).unwrap();
            assert_eq!(judge(&array(got), &array(want), TOLERANCE).relative, relative, "{got:?} for {want:?}");
        }
    }

    #[test]
    fn a_tensor_passes_only_within_its_tolerance() {
        let (nan, inf) = (f64::NAN, f64::INFINITY);
        // got, want, and the error as a share of the tolerance
        let passes: [(&[f64], &[f64], f64); 7] = [
            (&[], &[], 0.0),
            (&[2.0, 1.0], &[2.0, 1.0], 0.0),
            (&[2.0, 1.001], &[2.0, 1.0], 0.001 / (2e-3 + 1e-7)),
            (&[5e-8], &[0.0], 0.5),
            (&[nan, 1.0], &[nan, 1.0], 0.0),
            (&[inf, -inf, 1.0], &[inf, -inf, 1.0], 0.0),
            (&[nan], &[nan], 0.0),
        ];
        for (got, want, share) in passes {
            let judged = judged(got, want).unwrap_or_else(|miss| panic!("{got:?} for {want:?}: {miss}"));
            assert!((judged - share).abs() < 1e-9, "{got:?} for {want:?}: {judged}");
        }
        let misses: [(&[f64], &[f64], usize); 9] = [
            (&[2.0, 1.0021], &[2.0, 1.0], 1),
            (&[2e-7], &[0.0], 0),
            // atol is capped at 1e-6 of the largest magnitude
            (&[1.01e-8], &[1e-8], 0),
            (&[nan, 1.0], &[1.0, nan], 1),
            (&[1.0, nan], &[1.0, 1.0], 1),
            (&[1.0, 1.0], &[1.0, nan], 1),
            (&[inf], &[-inf], 0),
            (&[1e30], &[inf], 0),
            (&[1.0, inf], &[1.0, 1e30], 1),
        ];
        for (got, want, place) in misses {
            match judged(got, want) {
                Err(Miss::Element { at, share, .. }) => {
                    assert_eq!(at, [place], "{got:?} for {want:?}");
                    assert!(share > 1.0, "{got:?} for {want:?}: {share}");
                }
                other => panic!("{got:?} for {want:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn the_tolerance_scales_with_the_largest_finite_magnitude() {
        assert!(judged(&[f64::INFINITY, 1.1], &[f64::INFINITY, 1.0]).is_err());
        assert!(judged(&[-1000.0, 1.1], &[-1000.0, 1.0]).is_ok());
    }

    #[test]
    fn numbers_stored_in_16_bits_may_be_rounded() {
        let judged = |dtype, got: f64, want: f64| {
            let array = |values: &[f64]| Array::new(values, [values.len()]).unwrap();
            result(judge(&array(&[got]).cast(dtype), &array(&[want]), Tolerance { rtol: 0.0, atol: 0.0 }))
        };
        for (dtype, digits) in [(DType::F16, 11), (DType::BF16, 8)] {
            let half_a_unit = 2f64.powi(-digits);
            assert!(judged(dtype, 1.0, 1.0 + half_a_unit).is_ok(), "{dtype}");
            assert!(judged(dtype, 1.0, 1.0 + 1.1 * half_a_unit).is_err(), "{dtype}");
            assert!(judged(DType::F64, 1.0, 1.0 + half_a_unit).is_err());
        }
        assert!(judged(DType::F16, 0.0, 2f64.powi(-25)).is_ok());
        assert!(judged(DType::F16, 0.0, 2f64.powi(-24)).is_err());
        assert!(judged(DType::F16, f64::INFINITY, 65520.0).is_ok());
        assert!(judged(DType::F16, f64::INFINITY, -65520.0).is_err());
        assert!(judged(DType::F16, f64::INFINITY, 65519.0).is_err());
        assert!(judged(DType::BF16, f64::INFINITY, 3.3962e38).is_ok());
        assert!(judged(DType::BF16, f64::INFINITY, -3.3962e38).is_err());
        assert!(judged(DType::BF16, f64::INFINITY, 3.3961e38).is_err());
    }

    #[test]
    fn a_tensor_of_another_shape_fails() {
        let array = |shape: &[usize]| Array::new(&[0.0; 4], shape).unwrap();
        let judged = judge(&array(&[4]), &array(&[2, 2]), TOLERANCE);
        assert_eq!(judged.miss, Some(Miss::Shape { got: vec![4], want: vec![2, 2] }));
        assert_eq!(judged.share, f64::INFINITY);
    }

    #[test]
    fn the_worst_element_is_named_by_its_index() {
        let array = |last| Array::new(&[0.0, 0.5, 0.0, 0.0, 0.0, last], [2, 3]).unwrap();
        match result(judge(&array(2.0), &array(1.0), TOLERANCE)) {
            Err(Miss::Element { at, got, want, .. }) => assert_eq!((at, got, want), (vec![1, 2], 2.0, 1.0)),
            other => panic!("{other:?}"),
        }
    }
}
