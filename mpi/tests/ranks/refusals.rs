//! If one rank refuses a call, all ranks refuse it with an equal error. The next call works.

use crate::tests;
use wgloss_mpi::Spread::{Batch, Classes, Regions, Ring, Rows};
use wgloss_mpi::wgloss::{self, Array, CrossEntropy, Dice, InfoNce, Mse, Reduction};
use wgloss_mpi::{Comm, Error, Spreads};

pub fn tests() -> Vec<crate::Test> {
    tests![
        a_bad_label_of_one_rank_is_every_rank_s_error,
        a_shape_that_one_rank_refuses_is_every_rank_s_error,
        a_rank_without_memory_is_every_rank_s_error,
        a_nan_of_one_rank_is_in_every_rank_s_loss,
        shards_that_make_no_whole_are_refused,
        calls_that_differ_are_refused,
        unreduced_losses_are_refused,
        sums_are_those_of_all_ranks,
    ]
}

/// The rank that has the error.
fn last(comm: &Comm) -> usize {
    comm.size() - 1
}

fn a_bad_label_of_one_rank_is_every_rank_s_error(comm: &Comm) {
    let x = Array::new(&[0.5f32; 12], [3, 4]).unwrap();
    let bad = comm.rank() == last(comm);
    let labels = [0i32, 3, if bad { 9 } else { 1 }];
    let want = Error::Refused {
        rank: last(comm),
        error: wgloss::Error::LabelOutOfRange {
            loss: "cross_entropy",
            operand: "target".into(),
            position: 2,
            value: 9,
            count: 4,
            ignored: Some(-100),
        },
    };
    // a label on the host is refused before anything runs; a label on the GPU is refused by its kernel
    let on_host = Array::new(&labels, [3]).unwrap();
    let (there, on_gpu) = (comm.gpu().upload_array(&x).unwrap(), comm.gpu().upload_array(&on_host).unwrap());
    let loss = CrossEntropy::default();
    for reduction in [Reduction::Mean, Reduction::Sum] {
        let term = loss.of(&x, &on_host).reduce(reduction).spread(Batch);
        assert_eq!(comm.gradients(&term, [&x]).unwrap_err(), want);
        let term = loss.of(&there, &on_gpu).reduce(reduction).spread(Batch);
        assert_eq!(comm.gradients(&term, [&there]).unwrap_err(), want);
    }
    let good = comm.gpu().upload(&[0i32, 3, -100], [3]).unwrap();
    let outcome = comm.value(&loss.of(&there, &good).spread(Batch)).unwrap();
    assert_eq!(outcome.parts()[0].denominator, 2.0 * comm.size() as f64);
}

fn a_shape_that_one_rank_refuses_is_every_rank_s_error(comm: &Comm) {
    let bad = comm.rank() == last(comm);
    let x = Array::new(&[0.5f32; 4], [4]).unwrap();
    let t = if bad { Array::new(&[0.5f32; 3], [3]).unwrap() } else { x.clone() };
    let refused = comm.gradients(&Mse::default().of(&x, &t).spread(Batch), [&x]).unwrap_err();
    let Error::Refused { rank, error: wgloss::Error::ShapeMismatch { operand, got, .. } } = refused else {
        panic!("{refused}");
    };
    assert_eq!((rank, operand.as_str(), got), (last(comm), "target", vec![3]));
}

fn a_rank_without_memory_is_every_rank_s_error(comm: &Comm) {
    let x = Array::new(&(0..80).map(|i| (i % 7) as f32).collect::<Vec<_>>(), [4, 20]).unwrap();
    let term = |over| InfoNce::default().of(&x, &x).spread(over);
    let bound = comm.gpu().workspace_bound();
    for over in [Rows, Ring] {
        if comm.rank() == last(comm) {
            comm.gpu().set_workspace_bound(1);
        }
        let refused = comm.gradients(&term(over), [&x]).unwrap_err();
        comm.gpu().set_workspace_bound(bound);
        let Error::Refused { rank, error: wgloss::Error::TooLarge { limit, .. } } = refused else {
            panic!("{refused}");
        };
        assert_eq!((rank, limit), (last(comm), 1));
        assert!(comm.value(&term(over)).is_ok());
    }
}

fn a_nan_of_one_rank_is_in_every_rank_s_loss(comm: &Comm) {
    let own = if comm.rank() == last(comm) { f32::NAN } else { 1.0 };
    let x = Array::new(&[0.5, own, 2.0, 0.0], [1, 4]).unwrap();
    let labels = Array::new(&[1u8], [1]).unwrap();
    let of = 4 * comm.size();
    let over_classes = Classes { first: 4 * comm.rank(), of };
    for term in [
        Mse::default().of(&x, &x).spread(Batch),
        CrossEntropy::default().of(&x, &labels).spread(over_classes),
        InfoNce::default().of(&x, &x).spread(Rows),
        InfoNce::default().of(&x, &x).spread(Ring),
    ] {
        assert!(comm.value(&term).unwrap().loss().is_nan());
    }
}

fn shards_that_make_no_whole_are_refused(comm: &Comm) {
    let x = Array::new(&[0.5f32; 12], [3, 4]).unwrap();
    let t = Array::new(&[0i32; 3], [3]).unwrap();
    let of = 4 * comm.size();
    let ce = CrossEntropy::default().of(&x, &t);
    assert!(comm.value(&ce.clone().spread(Classes { first: 4 * comm.rank(), of })).is_ok());
    for (first, of) in [(4 * comm.rank(), of + 1), (4 * comm.rank() + 1, of + 1)] {
        let refused = comm.value(&ce.clone().spread(Classes { first, of })).unwrap_err();
        assert!(matches!(refused, Error::Shards { .. }), "{refused}");
    }
    if comm.size() > 1 {
        let twice = comm.value(&ce.clone().spread(Classes { first: 0, of })).unwrap_err();
        assert!(matches!(twice, Error::Shards { .. }), "{twice}");
        let items = 1 + comm.rank();
        let x = Array::new(&vec![0.5f32; items * 8], [items, 2, 4]).unwrap();
        let t = Array::new(&vec![0u8; items * 4], [items, 4]).unwrap();
        let refused = comm.value(&Dice::default().of(&x, &t).spread(Regions)).unwrap_err();
        assert!(matches!(refused, Error::Shards { .. }), "{refused}");
    }
}

fn calls_that_differ_are_refused(comm: &Comm) {
    let x = Array::new(&[0.5f32; 12], [3, 4]).unwrap();
    let (own, other) = (Mse::default().of(&x, &x), Mse::default().of(&x, &x) + Mse::default().of(&x, &x));
    let term = if comm.rank() == last(comm) { other } else { own };
    let got = comm.value(&term.spread(Batch));
    if comm.size() > 1 {
        let want =
            Error::Differs { rank: last(comm), got: "mse + mse over Batch".into(), expected: "mse over Batch".into() };
        assert_eq!(got, Err(want));
    }
}

fn unreduced_losses_are_refused(comm: &Comm) {
    let x = Array::new(&[0.5f32; 12], [3, 4]).unwrap();
    let refused = comm.value(&Mse::default().of(&x, &x).reduce(Reduction::None).spread(Batch)).unwrap_err();
    let Error::Refused { rank: 0, error: wgloss::Error::InvalidOption { option, .. } } = refused else {
        panic!("{refused}");
    };
    assert_eq!(option, "reduction");
}

fn sums_are_those_of_all_ranks(comm: &Comm) {
    for length in [0, 1, 2, 7, 100] {
        let mut numbers: Vec<f32> = (0..length).map(|at| (at * (1 + comm.rank())) as f32).collect();
        comm.sum(&mut numbers).unwrap();
        let ranks = (1..=comm.size()).sum::<usize>();
        let want: Vec<f32> = (0..length).map(|at| (at * ranks) as f32).collect();
        assert_eq!(numbers, want);
    }
    let mut numbers = vec![0.0; comm.rank()];
    assert_eq!(comm.sum(&mut numbers).is_err(), comm.size() > 1);
}
