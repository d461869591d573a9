//! The loss of all ranks' shards against the loss that one GPU computes of the whole.

use std::ops::Range;
use wgloss_checks::case::{Case, Inputs};
use wgloss_checks::pieces::{ranges, slice};
use wgloss_mpi::wgloss::header::Role;
use wgloss_mpi::wgloss::{Array, DType, Operand, Tensor};
use wgloss_mpi::{Comm, Spread, Spreads};

/// How far a number may be from one GPU's, relative to the greatest number beside it. Both round to f32.
const NEAR: f64 = 1e-6;

/// Lengths of every rank's shard, unevenly spread. In the second way a rank has none.
pub fn lengths(all: usize, ranks: usize) -> [Vec<usize>; 2] {
    let uneven = |empty: Option<usize>| {
        let mut left = all;
        let mut lengths = vec![0; ranks];
        let takes: Vec<usize> = (0..ranks).filter(|&rank| Some(rank) != empty).collect();
        for (k, &rank) in takes.iter().enumerate() {
            // two thirds of the rest, but one for each rank that is still to come
            let to_come = takes.len() - k - 1;
            lengths[rank] = if to_come == 0 { left } else { left - (left / 3).max(to_come).min(left) };
            left -= lengths[rank];
        }
        lengths
    };
    [uneven(None), uneven((ranks > 1).then_some(ranks / 2))]
}

/// The range of this rank.
pub fn own(comm: &Comm, lengths: &[usize]) -> Range<usize> {
    ranges(lengths)[comm.rank()].clone()
}

/// Whether numbers are those that one GPU gives, up to so many units of the greatest of `all`, and NaN in the same places.
pub fn near(what: &str, got: &[f64], want: &[f64], all: &[f64], units: f64) {
    assert_eq!(got.len(), want.len(), "{what}");
    let most = all.iter().filter(|x| x.is_finite()).fold(0.0f64, |most, x| most.max(x.abs()));
    for (at, (got, want)) in got.iter().zip(want).enumerate() {
        let good = got == want || (got.is_nan() && want.is_nan()) || (got - want).abs() <= units * most;
        assert!(good, "{what}: {got} at {at}, one GPU gives {want} (the greatest is {most})");
    }
}

/// What the numbers of a dtype are rounded to, or what f32 arithmetic leaves.
pub fn units(dtype: DType) -> f64 {
    match dtype {
        // two roundings to different sides of a middle
        DType::F16 => 1e-3,
        DType::BF16 => 8e-3,
        _ => NEAR,
    }
}

/// Compares a case, of which each rank has a shard, with the whole on one GPU: value, parts, gradients; and the bits of all
/// ranks and of a second run with each other.
///
/// `cut` cuts an operand to a range of the whole.
pub fn compare(
    comm: &Comm,
    case: &Case,
    inputs: &Inputs<Array>,
    lengths: &[usize],
    over: impl Fn(Range<usize>) -> Spread,
    cut: impl Fn(Role, &Array, &Range<usize>) -> Option<Array>,
) {
    let range = own(comm, lengths);
    let said = || format!("{case:?} in {lengths:?}, rank {}", comm.rank());
    let loss = case.loss();
    let role = |name: &str| loss.header().operand(name).map(|spec| spec.role).expect("an operand of the loss");
    let mut own = inputs.on(&mut |array| Ok::<Array, ()>(array.clone())).expect("arrays");
    for (name, array) in &mut own.operands {
        if let Some(part) = cut(role(name), array, &range) {
            *array = part;
        }
    }
    let term = case.term(&own).spread(over(range.clone()));
    let of = case.differentiated(&own);
    let run = || comm.gradient_list(&term, &of).unwrap_or_else(|error| panic!("{}: {error}", said()));
    let (outcome, gradients) = run();

    let whole_of = case.differentiated(inputs);
    let (whole, want) = comm.gpu().gradient_list(&case.term(inputs), &whole_of).expect("the whole");
    let same = |what: &str, got: f64, want: f64, units: f64| {
        near(&format!("{}: {what}", said()), &[got], &[want], &[want], units)
    };
    same("loss", outcome.loss(), whole.loss().wait().expect("a loss").into(), NEAR);
    for (got, want) in outcome.parts().iter().zip(whole.parts().wait().expect("parts")) {
        assert_eq!(got.name, want.name, "{}", said());
        same("sum", got.sum, want.sum, NEAR);
        // counts are whole numbers
        same(
            "denominator",
            got.denominator,
            want.denominator,
            if want.denominator.fract() == 0.0 { 0.0 } else { NEAR },
        );
    }
    let mut bits = outcome.loss().to_bits().to_le_bytes().to_vec();
    let names = case.given().filter(|spec| spec.gradient);
    let read = |gradients: &[Tensor]| -> Vec<Array> {
        gradients.iter().map(|gradient| gradient.read().wait().expect("a gradient")).collect()
    };
    let got = read(&gradients);
    for (((spec, got), want), of) in names.zip(&got).zip(read(&want)).zip(&whole_of) {
        let want = want.with_class_axis(of.class_axis());
        let (what, units, all) = (format!("{}: gradient of {}", said(), spec.name), units(got.dtype()), want.to_f64());
        match cut(spec.role, &want, &range) {
            Some(want) => near(&what, &got.to_f64(), &want.to_f64(), &all, units),
            None => {
                // what all ranks hold gets a share on each
                let mut sum = got.to_f32();
                comm.sum(&mut sum).expect("sums");
                let sum: Vec<f64> = sum.into_iter().map(f64::from).collect();
                near(&what, &sum, &all, &all, units);
            }
        }
    }
    // a second run has the same bits, and all ranks have the same loss
    let (again, gradients) = run();
    assert_eq!(again.loss().to_bits(), outcome.loss().to_bits(), "{}", said());
    for (first, second) in got.iter().zip(read(&gradients)) {
        let of = |array: &Array| array.to_f64().into_iter().map(f64::to_bits).collect::<Vec<_>>();
        assert_eq!(of(first), of(&second), "{}", said());
    }
    bits.extend(outcome.parts().iter().flat_map(|part| [part.sum, part.denominator]).flat_map(f64::to_le_bytes));
    let all = comm.gather(&bits).expect("bits");
    assert!(all.iter().all(|other| *other == bits), "{}: the ranks have different bits", said());
}

/// The part of an operand that a shard of the batch has; nothing of what all ranks hold alike.
pub fn rows(role: Role, array: &Array, range: &Range<usize>) -> Option<Array> {
    (!role.is_shared()).then(|| slice(array, 0, range))
}
