//! Losses of all pairs whose keys come in shards, as around a ring: together the shards give the results of the whole.

use crate::gpu;
use crate::harness::tests;
use crate::judge::{Failures, close, same};
use crate::pieces::{added, ranges, slice};
use crate::sharded::shares::{Comes, Share, shares};
use crate::terms::numbers;
use libtest_mimic::Trial;
use std::ops::Range;
use wgloss::{Array, DType, Error, Extra, InfoNce, Operand, Reduction, Siglip, SupCon, Term, cpu};

pub fn tests() -> Vec<Trial> {
    tests![
        keys_in_shards_are_the_whole,
        rows_and_keys_in_shards_add_up_to_the_whole,
        rows_that_are_not_finite_are_nan_in_every_shard,
        shards_of_keys_are_refused_where_they_make_no_sense,
    ]
}

const BATCH: usize = 130;
const WIDTH: usize = 20;

/// The operands of a call: rows, keys, further negatives, a scale and a bias, labels.
struct Call {
    rows: Array,
    keys: Array,
    negatives: Array,
    scale: Array,
    bias: Array,
    labels: Array,
}

fn call(dtype: DType) -> Call {
    // five labels, unevenly distributed, and for every eighth row a label of its own
    let label = |i: usize| if i.is_multiple_of(8) { 1000 + i } else { (i * i + i / 60) % 5 } as i32;
    Call {
        rows: numbers(1, &[BATCH, WIDTH]).cast(dtype),
        keys: numbers(2, &[BATCH, WIDTH]).cast(dtype),
        negatives: numbers(3, &[33, WIDTH]).cast(dtype),
        scale: Array::new(&[7.0f32], [1]).unwrap(),
        bias: Array::new(&[-3.0f32], [1]).unwrap(),
        labels: Array::new(&(0..BATCH).map(label).collect::<Vec<_>>(), [BATCH]).unwrap(),
    }
}

/// A loss of rows and keys.
struct Loss {
    name: &'static str,
    /// The term of these rows against these keys; the flag says whether it also has the further negatives.
    term: fn(&Call, &Array, &Array, bool) -> Term<Array>,
    /// The operands with a gradient besides rows and keys.
    more: fn(&Call) -> Vec<Array>,
    /// Whether the keys are the rows of the whole.
    itself: bool,
}

const LOSSES: [Loss; 5] = [
    Loss { name: "info_nce", term: |_, x, k, _| InfoNce::default().of(x, k), more: |_| vec![], itself: false },
    Loss {
        name: "info_nce, not normalized",
        term: |_, x, k, _| InfoNce { normalize: false, temperature: 1.5, ..Default::default() }.of(x, k),
        more: |_| vec![],
        itself: false,
    },
    Loss {
        name: "info_nce with all",
        term: |call, x, k, further| {
            let term = InfoNce::default().of(x, k).with(Extra::LogitScale, &call.scale);
            if further { term.with(Extra::Negatives, &call.negatives) } else { term }
        },
        more: |call| vec![call.scale.clone(), call.negatives.clone()],
        itself: false,
    },
    Loss {
        name: "siglip",
        term: |call, x, k, _| Siglip::default().of(x, k, &call.scale, &call.bias),
        more: |call| vec![call.scale.clone(), call.bias.clone()],
        itself: false,
    },
    Loss {
        name: "sup_con",
        term: |call, x, k, _| SupCon::default().of(k, &call.labels).with(Extra::Anchors, x),
        more: |_| vec![],
        itself: true,
    },
];

/// The term of a shard: these rows, of which `first` is the index of the first, against the keys in this range.
fn shard(loss: &Loss, call: &Call, rows: &Array, first: usize, keys: &Array, of: &Range<usize>) -> Term<Array> {
    (loss.term)(call, rows, keys, of.start == 0).rows_from(first).keys_from(of.start, BATCH)
}

fn keys_in_shards_are_the_whole() {
    let mut failures = Failures::default();
    for (dtype, lengths) in
        [(DType::F32, &[64, 1, 65][..]), (DType::F32, &[50, 37, 43]), (DType::F16, &[20, 110]), (DType::BF16, &[130])]
    {
        let call = call(dtype);
        for loss in &LOSSES {
            for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
                // the rows are an array of their own, so that the keys' gradient has no share of the rows'; the rows'
                // gradient is f32, since the gradients of the shards are added up
                let rows = slice(&call.rows, 0, &(0..BATCH)).f32_gradient();
                let keys = if loss.itself { &call.rows } else { &call.keys };
                let whole = (loss.term)(&call, &rows, keys, true).rows_from(0).reduce(reduction).upstream(1.5);
                let more = (loss.more)(&call);
                let shards = ranges(lengths).into_iter().map(|range| {
                    let own = slice(keys, 0, &range);
                    let term = shard(loss, &call, &rows, 0, &own, &range).reduce(reduction).upstream(1.5);
                    let further =
                        |array: &Array| (range.start == 0 || !array.is(&call.negatives)).then(|| array.clone());
                    let of = [Some(rows.clone()), Some(own)].into_iter().chain(more.iter().map(further)).collect();
                    Share { term, of }
                });
                let of: Vec<&Array> = [&rows, keys].into_iter().chain(&more).collect();
                let comes = [&[Comes::Added, Comes::Joined][..], &vec![Comes::Added; more.len()]].concat();
                let judged = shares(gpu(), &whole, &of, &comes, &shards.collect::<Vec<_>>());
                failures.note(&(loss.name, dtype, lengths, reduction), judged);
            }
        }
    }
    failures.raise();
}

fn rows_and_keys_in_shards_add_up_to_the_whole() {
    let mut failures = Failures::default();
    let call = call(DType::F32);
    for loss in &LOSSES {
        let rows = slice(&call.rows, 0, &(0..BATCH));
        let keys = if loss.itself { &call.rows } else { &call.keys };
        let whole = (loss.term)(&call, &rows, keys, true).rows_from(0);
        let (want, [dx, dk]) = cpu::gradients(&whole, [&rows, keys]).unwrap();
        let denominator = want.parts()[0].denominator as f32;
        let (mut value, mut of_rows, mut of_keys) = (0.0, Vec::new(), Vec::new());
        for own in ranges(&[0, 100, 30]) {
            let x = slice(&rows, 0, &own);
            let blocks: Vec<(Array, Range<usize>)> =
                ranges(&[64, 66]).into_iter().map(|range| (slice(keys, 0, &range), range)).collect();
            let terms: Vec<Term<Array>> =
                blocks.iter().map(|(k, range)| shard(loss, &call, &x, own.start, k, range)).collect();
            let all: Vec<f32> =
                terms.iter().flat_map(|term| gpu().statistics(term).unwrap().read().wait().unwrap().to_f32()).collect();
            let all = Array::new(&all, [2, own.len(), 8]).unwrap();
            let mut of_own = Vec::new();
            for (place, (term, (k, _))) in terms.into_iter().zip(&blocks).enumerate() {
                let term = term.among(&all).divide_by(denominator);
                let (outcome, [dx, dk]) = gpu().gradients(&term, [&x, k]).unwrap();
                // the term with any one shard of the keys gives the value of these rows
                value += if place == 0 { f64::from(outcome.loss().wait().unwrap()) } else { 0.0 };
                of_own.push(dx.read().wait().unwrap());
                of_keys.push((place, dk.read().wait().unwrap()));
            }
            of_rows.extend(added(&of_own).to_f64());
        }
        failures.note(&loss.name, close(&[value], &[want.loss().unwrap()]));
        failures.note(&loss.name, close(&of_rows, &dx.to_f64()));
        let of_block = |place: usize| {
            let blocks = of_keys.iter().filter(|(at, _)| *at == place).map(|(_, d)| d.clone());
            added(&blocks.collect::<Vec<_>>()).to_f64()
        };
        failures.note(&loss.name, close(&[of_block(0), of_block(1)].concat(), &dk.to_f64()));
    }
    failures.raise();
}

fn rows_that_are_not_finite_are_nan_in_every_shard() {
    let mut failures = Failures::default();
    for (of_keys, at) in [(false, 3), (true, 70), (true, 3)] {
        for loss in &LOSSES {
            let mut call = call(DType::F32);
            let poisoned = if of_keys && !loss.itself { &mut call.keys } else { &mut call.rows };
            let mut data = poisoned.to_f64();
            data[at * WIDTH + 1] = f64::NAN;
            *poisoned = Array::new(&data, [BATCH, WIDTH]).unwrap().cast(DType::F32);
            let rows = slice(&call.rows, 0, &(0..BATCH));
            let keys = if loss.itself { &call.rows } else { &call.keys };
            let whole = (loss.term)(&call, &rows, keys, true).rows_from(0).reduce(Reduction::None);
            let want = cpu::value(&whole).unwrap().tensor().clone();
            let blocks: Vec<(Array, Range<usize>)> =
                ranges(&[64, 66]).into_iter().map(|range| (slice(keys, 0, &range), range)).collect();
            let terms = blocks.iter().map(|(k, range)| shard(loss, &call, &rows, 0, k, range).reduce(Reduction::None));
            let terms: Vec<Term<Array>> = terms.collect();
            let all: Vec<f32> =
                terms.iter().flat_map(|term| gpu().statistics(term).unwrap().read().wait().unwrap().to_f32()).collect();
            let all = Array::new(&all, [2, BATCH, 8]).unwrap();
            for term in terms {
                let got = gpu().value(&term.among(&all)).unwrap().tensor().read().wait().unwrap();
                failures.note(&(loss.name, of_keys, at), same(&got, &want));
            }
        }
    }
    failures.raise();
}

fn shards_of_keys_are_refused_where_they_make_no_sense() {
    let call = call(DType::F32);
    let (x, k) = (&call.rows, &call.keys);
    let info_nce = InfoNce::default().of(x, k);
    let all = Array::new(&vec![0.0f32; BATCH * 8], [1, BATCH, 8]).unwrap();
    let option = |term: Term<Array>| match gpu().value(&term).unwrap_err() {
        Error::InvalidOption { option, .. } => option,
        other => other.to_string(),
    };
    // a loss of only some keys needs the statistics of all shards
    assert_eq!(option(info_nce.clone().keys_from(0, 200)), "keys_from");
    assert_eq!(option(info_nce.clone().among(&all)), "among");
    let symmetric = InfoNce { symmetric: true, ..Default::default() };
    assert_eq!(option(symmetric.of(x, k).keys_from(0, 200).among(&all)), "symmetric");
    assert_eq!(option(SupCon::default().of(x, &call.labels).keys_from(0, 200).among(&all)), "keys_from");
    assert_eq!(gpu().statistics(&info_nce).unwrap_err().kind(), "invalid_option");
    for (term, words) in [
        (info_nce.clone().keys_from(100, 200), "at most 100 keys, from 100 on of 200"),
        (info_nce.keys_from(0, 200).rows_from(71), "at most 129 rows, from 71 on of 200"),
        (
            SupCon::default().of(x, &call.labels).with(Extra::Anchors, x).keys_from(0, 200),
            "`labels` has shape [130], expected [200]",
        ),
    ] {
        let refused = gpu().statistics(&term).unwrap_err();
        assert_eq!(refused.kind(), "shape_mismatch");
        assert!(refused.to_string().contains(words), "{refused}");
    }
}
