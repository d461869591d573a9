//! Numbers of any type in the twin: a mask keeps whatever is not 0, and an integer target counts as that number.

use crate::harness::tests;
use libtest_mimic::Trial;
use wgloss::{Array, Bce, BceWithLogits, CosineEmbedding, CrossEntropy, DType, InfoNce, Siglip, Term, cpu};

pub fn tests() -> Vec<Trial> {
    tests![
        a_mask_keeps_whatever_is_not_0_in_every_type,
        a_target_is_the_number_that_an_integer_is,
        a_scale_and_a_shift_may_have_no_axis,
        a_number_out_of_a_types_range_becomes_its_end,
    ]
}

const INTEGERS: [DType; 4] = [DType::U8, DType::U32, DType::I32, DType::I64];

fn floats(numbers: &[f64], shape: &[usize]) -> Array {
    Array::new(numbers, shape).unwrap()
}

/// The loss of a term and its gradient with respect to an array.
fn both(term: &Term<Array>, of: &Array) -> (f64, Vec<f64>) {
    let (outcome, [gradient]) = cpu::gradients(term, [of]).unwrap();
    (outcome.loss().unwrap(), gradient.to_f64())
}

fn a_mask_keeps_whatever_is_not_0_in_every_type() {
    let x = floats(&[0.5, -1.0, 2.0, 0.25, f64::NAN, 1.5, 0.0, 1.0], &[4, 2]);
    let t = Array::new(&[1u8, 0, 1, 0], [4]).unwrap();
    let masked = |mask: &Array| both(&CrossEntropy::new().of(&x, &t).mask(mask), &x);
    // the mask leaves out the third row, which has a NaN
    let want = masked(&floats(&[1.0, 0.5, 0.0, -3.0], &[4]));
    assert!(want.0.is_finite());
    assert_eq!(masked(&Array::new(&[true, true, false, true], [4]).unwrap()), want);
    for dtype in INTEGERS {
        assert_eq!(masked(&floats(&[1.0, 2.0, 0.0, 255.0], &[4]).cast(dtype)), want, "{dtype}");
    }
    // numbers whose lower half is 0 count as well
    assert_eq!(masked(&Array::new(&[1i64 << 32, i64::MIN, 0, -1], [4]).unwrap()), want);
}

fn a_target_is_the_number_that_an_integer_is() {
    let x = floats(&[0.5, 0.25, 0.75], &[3]);
    let rows = floats(&[1.0, 2.0, 0.5, -1.0, 3.0, 0.25], &[3, 2]);
    let other = floats(&[0.5, 2.0, 1.5, 1.0, -1.0, 0.5], &[3, 2]);
    let of = |target: &Array| {
        let terms = [Bce::new().of(&x, target), BceWithLogits::new().of(&x, target)];
        terms.map(|term| both(&term, &x))
    };
    for numbers in [[0.0, 1.0, 1.0], [0.0, 1.0, 3.0]] {
        for dtype in INTEGERS {
            let target = floats(&numbers, &[3]);
            assert_eq!(of(&target.cast(dtype)), of(&target), "{numbers:?} of {dtype}");
        }
    }
    let flags = Array::new(&[false, true, true], [3]).unwrap();
    assert_eq!(of(&flags), of(&floats(&[0.0, 1.0, 1.0], &[3])));
    let signed = |target: &Array| both(&CosineEmbedding::new().of(&rows, &other, target), &rows);
    let signs = floats(&[1.0, -1.0, -1.0], &[3]);
    assert_eq!(signed(&signs.cast(DType::I32)), signed(&signs));
}

fn a_scale_and_a_shift_may_have_no_axis() {
    let (a, b) = (floats(&[1.0, 2.0, 0.5, -1.0], &[2, 2]), floats(&[0.5, 2.0, 1.5, 1.0], &[2, 2]));
    let number = |x: f64, shape: &[usize]| floats(&[x], shape);
    let of = |shape: &[usize]| {
        let (scale, shift) = (number(2.0, shape), number(-0.5, shape));
        let (_, [gradient]) = cpu::gradients(&InfoNce::new().of(&a, &b).logit_scale(&scale), [&scale]).unwrap();
        assert_eq!(gradient.shape(), shape);
        (gradient.to_f64(), both(&Siglip::new().of(&a, &b, &scale, &shift), &shift))
    };
    assert_eq!(of(&[]), of(&[1]));
    let refused = cpu::value(&InfoNce::new().of(&a, &b).logit_scale(&floats(&[1.0, 2.0], &[2]))).unwrap_err();
    assert_eq!(refused.kind(), "shape_mismatch");
}

fn a_number_out_of_a_types_range_becomes_its_end() {
    let (wide, broken) =
        (Array::new(&[-1i64, 300, 1 << 32], [3]).unwrap(), floats(&[-1.5, 300.5, f64::INFINITY], &[3]));
    for (dtype, want) in [
        (DType::U8, [0.0, 255.0, 255.0]),
        (DType::U32, [0.0, 300.0, 4_294_967_295.0]),
        (DType::I32, [-1.0, 300.0, 2_147_483_647.0]),
    ] {
        assert_eq!([&wide, &broken].map(|numbers| numbers.cast(dtype).to_f64()), [want; 2], "{dtype}");
    }
}
