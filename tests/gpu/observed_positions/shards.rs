//! Shards of classes observe what the whole does: each adds to its statistics what the others need for that.

use super::call::Call;
use super::{AXES, DEVICES, assert_near, both};
use crate::draw::{Rng, labels_of};
use crate::gpu;
use crate::harness::tests;
use crate::pieces::{class_axis, ranges, slice, stack};
use libtest_mimic::Trial;
use std::ops::Range;
use wgloss::Observation::{Accuracy, Entropy, LogProb, Perplexity, Predicted, TopK};
use wgloss::{Array, CrossEntropy, DType, Error, LinearCrossEntropy, Term, cpu};

pub(super) fn tests() -> Vec<Trial> {
    tests![
        shards_of_classes_observe_what_the_whole_does,
        a_class_of_more_than_16_bits_goes_from_device_to_device,
        a_shard_of_classes_has_no_top_k,
    ]
}

/// Asserts that each shard gives the results of the whole, on the GPU and in the twin, with the statistics from either.
fn assert_shards(what: &str, whole: &Term<Array>, shards: &[Term<Array>]) {
    let want = cpu::value(whole).unwrap();
    let of_gpu = shards.iter().map(|shard| gpu().statistics(shard).unwrap().read().wait().unwrap());
    let of_twin = shards.iter().map(|shard| cpu::statistics(shard).unwrap());
    for all in [of_gpu.collect::<Vec<_>>(), of_twin.collect()].map(|all| stack(&all)) {
        for shard in shards {
            let term = shard.clone().among(&all);
            let (outcome, twin) = (gpu().value(&term).unwrap(), cpu::value(&term).unwrap());
            let parts = [outcome.parts().wait().unwrap(), twin.parts().to_vec()];
            for ((device, parts), observed) in DEVICES.into_iter().zip(parts).zip(both(&term)) {
                assert_eq!(parts.len(), want.parts().len(), "{what} {device}");
                for (got, want) in parts.iter().zip(want.parts()) {
                    assert_eq!((&got.name, got.denominator), (&want.name, want.denominator), "{what} {device}");
                    assert_near(&format!("{what} {device}: {}", got.name), &[got.sum], &[want.sum]);
                }
                assert_eq!(observed[0].to_f64(), want.observed()[0].1.to_f64(), "{what} {device}");
                assert_near(&format!("{what} {device}: log p"), &observed[1].to_f64(), &want.observed()[1].1.to_f64());
            }
        }
    }
}

fn observing(term: Term<Array>) -> Term<Array> {
    [Accuracy, Entropy, Perplexity, Predicted, LogProb].into_iter().fold(term, Term::observe)
}

/// Some greatest logits are on several shards, and some shards have only masked classes.
fn shards_of_classes_observe_what_the_whole_does() {
    let cuts: [&[usize]; 3] = [&[1, 4, 7], &[12], &[5, 7]];
    for (turn, (axis, lengths)) in AXES.into_iter().flat_map(|axis| cuts.map(|cut| (axis, cut))).enumerate() {
        let call = Call::new([3, 12, 5], axis, DType::F32);
        // a NaN in a sum hides all other numbers, so most calls are finite
        let call = if turn % 3 == 0 { call } else { call.finite() };
        let term = |x: &Array| observing(CrossEntropy::default().of(x, &call.labels).mask(&call.mask));
        let shard =
            |range: Range<usize>| term(&slice(&call.x, class_axis(&call.x), &range)).classes_from(range.start, 12);
        let shards: Vec<Term<Array>> = ranges(lengths).into_iter().map(shard).collect();
        assert_shards(&format!("{axis:?} {lengths:?}"), &term(&call.x), &shards);
    }
    let mut rng = Rng::new(5);
    let mut draw = |shape: [usize; 2]| {
        let numbers: Vec<f32> = (0..shape[0] * shape[1]).map(|_| rng.normal() as f32).collect();
        Array::new(&numbers, shape).unwrap()
    };
    let (x, w) = (draw([70, 9]), draw([100, 9]));
    let labels: Vec<i64> = (0..70).map(|at| if at % 6 == 1 { -100 } else { at * 37 % 100 }).collect();
    let labels = labels_of(&labels, DType::I32, &[70]);
    let term = |w: &Array| observing(LinearCrossEntropy::default().of(&x, w, &labels));
    let shard = |range: Range<usize>| term(&slice(&w, 0, &range)).classes_from(range.start, 100);
    let shards: Vec<Term<Array>> = ranges(&[65, 1, 34]).into_iter().map(shard).collect();
    assert_shards("linear", &term(&w), &shards);
}

fn a_class_of_more_than_16_bits_goes_from_device_to_device() {
    let x = Array::new(&[1.0f32, 3.0, 2.0, 0.0, -1.0, -1.0], [2, 3]).unwrap();
    let labels = Array::new(&[70_001i32, 70_002], [2]).unwrap();
    let shard =
        CrossEntropy::default().of(&x, &labels).observe(Predicted).observe(Accuracy).classes_from(70_000, 70_003);
    let of_gpu = gpu().statistics(&shard).unwrap().read().wait().unwrap();
    for all in [of_gpu, cpu::statistics(&shard).unwrap()] {
        let term = shard.clone().among(&stack(&[all]));
        for got in both(&term) {
            assert_eq!(got[0].to_f64(), [70_001.0, 70_000.0]);
        }
        let (got, twin) = (gpu().value(&term).unwrap().parts().wait().unwrap(), cpu::value(&term).unwrap());
        assert_eq!([got[1].sum, twin.parts()[1].sum], [1.0; 2]);
    }
}

fn a_shard_of_classes_has_no_top_k() {
    let (x, t) = (Array::new(&[0.0f32; 6], [2, 3]).unwrap(), Array::new(&[3i32, 1], [2]).unwrap());
    let term = CrossEntropy::default().of(&x, &t).observe(TopK(2)).classes_from(0, 5);
    let expected =
        "a loss of whole rows: a shard of their classes is counted before the label\'s logit is known".into();
    let refused =
        Error::InvalidOption { loss: "cross_entropy", option: "observe".into(), value: "top_2".into(), expected };
    assert_eq!([gpu().statistics(&term).unwrap_err(), cpu::statistics(&term).unwrap_err()], [refused.clone(), refused]);
}
