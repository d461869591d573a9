//! Compares the loss of all ranks' shards with the loss that one GPU computes of the whole.

use std::ops::Range;
use wgloss_checks::case::{Case, Inputs};
use wgloss_checks::pieces::{ranges, slice};
use wgloss_mpi::wgloss::header::Role;
use wgloss_mpi::wgloss::{Array, DType, Operand, Tensor};
use wgloss_mpi::{Comm, Spread, Spreads};

/// The greatest allowed difference from one GPU's number, relative to the greatest of the numbers compared with. Both sides
/// round to f32.
const NEAR: f64 = 1e-6;

/// Two lists of the lengths of all ranks' shards, both uneven. In the second list one rank has length 0, if there are
/// several.
pub fn lengths(all: usize, ranks: usize) -> [Vec<usize>; 2] {
    let uneven = |empty: Option<usize>| {
        let mut left = all;
        let mut lengths = vec![0; ranks];
        let takes: Vec<usize> = (0..ranks).filter(|&rank| Some(rank) != empty).collect();
        for (k, &rank) in takes.iter().enumerate() {
            // takes about two thirds of the rest, and leaves one for each rank that is still to come where it can
            let to_come = takes.len() - k - 1;
            lengths[rank] = if to_come == 0 { left } else { left - (left / 3).max(to_come).min(left) };
            left -= lengths[rank];
        }
        lengths
    };
    [uneven(None), uneven((ranks > 1).then_some(ranks / 2))]
}

/// This rank's range.
pub fn own(comm: &Comm, lengths: &[usize]) -> Range<usize> {
    ranges(lengths)[comm.rank()].clone()
}

/// Asserts that numbers are those of one GPU, up to `units` times the greatest of `all`, and NaN in the same places.
pub fn near(what: &str, got: &[f64], want: &[f64], all: &[f64], units: f64) {
    assert_eq!(got.len(), want.len(), "{what}");
    let most = all.iter().filter(|x| x.is_finite()).fold(0.0f64, |most, x| most.max(x.abs()));
    for (at, (got, want)) in got.iter().zip(want).enumerate() {
        let good = got == want || (got.is_nan() && want.is_nan()) || (got - want).abs() <= units * most;
        assert!(good, "{what}: {got} at {at}, one GPU gives {want} (the greatest is {most})");
    }
}

/// The relative tolerance for numbers of a dtype.
pub fn units(dtype: DType) -> f64 {
    match dtype {
        // both sides round, possibly in different directions, so this is two roundings
        DType::F16 => 1e-3,
        DType::BF16 => 8e-3,
        _ => NEAR,
    }
}

/// Compares a case, of which each rank has a shard, with the whole on one GPU: loss, parts and gradients. A second run
/// must give the same bits, and all ranks must have the same loss and parts.
///
/// `cut` cuts an operand to a range of the whole, and returns `None` for an operand that every rank has whole.
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
        // denominators that are counts must be equal
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
                // the operand is whole on every rank, and each rank has a share of its gradient
                let mut sum = got.to_f32();
                comm.sum(&mut sum).expect("sums");
                let sum: Vec<f64> = sum.into_iter().map(f64::from).collect();
                near(&what, &sum, &all, &all, units);
            }
        }
    }
    // the last operand has the same gradient if it is the only one asked for
    if let ([_, .., of], [.., want]) = (&of[..], &got[..]) {
        let (_, alone) = comm.gradient_list(&term, &[*of]).unwrap_or_else(|error| panic!("{}: {error}", said()));
        let (got, want) = (read(&alone).remove(0), want.to_f64());
        near(&format!("{}: the last gradient alone", said()), &got.to_f64(), &want, &want, units(got.dtype()));
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

/// This shard's rows of an operand, or `None` for an operand that every rank has whole.
pub fn rows(role: Role, array: &Array, range: &Range<usize>) -> Option<Array> {
    (!role.is_shared()).then(|| slice(array, 0, range))
}
