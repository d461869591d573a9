//! Floats of 16 bits: every one of them taken out of its word.

use crate::gpu;
use wgloss::half::{bf16, f16};
use wgloss::{Array, Element, Mse, Reduction, Tensor};

/// Every number that 16 bits hold, the NaNs among them.
fn all_halves() -> impl Iterator<Item = u16> {
    0..=u16::MAX
}

/// What the kernels make of upstream gradients: a squared error whose derivative is 1 hands them through as they are.
fn handed_through(upstream: &Tensor) -> Array {
    let ones = |value: f32| gpu().upload(&vec![value; upstream.len()], upstream.shape()).unwrap();
    let (x, t) = (ones(0.5), ones(0.0));
    let term = Mse::default().of(&x, &t).reduce(Reduction::None).upstream(upstream);
    let (_, [gradient]) = gpu().gradients(&term, [&x]).unwrap();
    gradient.read().wait().unwrap()
}

/// Uploads every number of a kind and compares what is read of it with what it is, to the bit but for NaNs.
fn assert_decoded<E: Element>(of: fn(u16) -> E, value: fn(E) -> f32) {
    let numbers: Vec<E> = all_halves().map(of).collect();
    let decoded = handed_through(&gpu().upload(&numbers, [numbers.len()]).unwrap()).to_f32();
    for (bits, (got, want)) in decoded.into_iter().zip(numbers.into_iter().map(value)).enumerate() {
        let same = got.to_bits() == want.to_bits() || (got.is_nan() && want.is_nan());
        assert!(same, "{:?} of the bits {bits:#06x} is {got:e}, not {want:e}", E::DTYPE);
    }
}

#[test]
fn every_half_is_read_as_what_it_is() {
    assert_decoded(f16::from_bits, f16::to_f32);
    assert_decoded(bf16::from_bits, bf16::to_f32);
}
