//! A vocabulary that is spread over devices: together its shards give the whole's value and gradients.

use crate::draw::{Rng, labels_of};
use crate::gpu;
use crate::harness::tests;
use crate::judge::Failures;
use crate::pieces::{ranges, slice};
use crate::sharded::shares::{Comes, Share, shares};
use libtest_mimic::Trial;
use std::ops::Range;
use wgloss::{Array, DType, Error, Extra, LinearCrossEntropy, Reduction, Term};

pub fn tests() -> Vec<Trial> {
    tests![
        a_projection_whose_classes_are_spread_is_whole_among_its_shards,
        a_bad_label_shows_in_the_statistics_of_a_vocabulary,
        a_shard_of_a_vocabulary_is_refused_without_the_others,
    ]
}

/// The operands of a call: rows, projection, bias, labels, mask.
struct Call {
    x: Array,
    w: Array,
    bias: Array,
    labels: Array,
    keep: Array,
}

fn call(rows: usize, classes: usize, width: usize, dtype: DType) -> Call {
    let mut rng = Rng::new(17);
    let mut draw = |shape: &[usize]| {
        let numbers: Vec<f64> = (0..shape.iter().product()).map(|_| rng.normal()).collect();
        Array::new(&numbers, shape).unwrap().cast(dtype)
    };
    let (x, w) = (draw(&[rows, width]), draw(&[classes, width]));
    let mut bias = draw(&[classes]).to_f64();
    // a masked class: a bias of −∞
    bias[classes / 2] = f64::NEG_INFINITY;
    let bias = Array::new(&bias, [classes]).unwrap().cast(dtype);
    // no label is the masked class, unless it is the only class
    let label = |rng: &mut Rng| (rng.below(classes.max(2) - 1) + classes / 2 + 1) % classes.max(1);
    let labels: Vec<i64> = (0..rows).map(|i| if i % 7 == 2 { -100 } else { label(&mut rng) as i64 }).collect();
    let keep: Vec<f32> = (0..rows).map(|i| if i % 5 == 4 { 0.0 } else { 1.0 }).collect();
    Call { x, w, bias, labels: labels_of(&labels, DType::I64, &[rows]), keep: Array::new(&keep, [rows]).unwrap() }
}

fn a_projection_whose_classes_are_spread_is_whole_among_its_shards() {
    let mut failures = Failures::default();
    for (rows, classes, width, dtype, lengths) in [
        (70, 37, 21, DType::F32, &[5, 1, 31][..]),
        (3, 200, 64, DType::F32, &[64, 130, 6]),
        (70, 37, 20, DType::F16, &[30, 7]),
        (70, 37, 21, DType::BF16, &[5, 1, 31]),
        (5, 9, 8, DType::F32, &[9]),
        (0, 9, 8, DType::F32, &[4, 5]),
    ] {
        let Call { x, w, bias, labels, keep } = call(rows, classes, width, dtype);
        // the gradients of the shards are added up, so they are f32
        let x = x.f32_gradient();
        for smoothing in [0.0, 0.2] {
            // a share of the target at a masked class would make the loss infinite
            let finite: Vec<f64> = bias.to_f64().iter().map(|bias| bias.max(-2.0)).collect();
            let finite = Array::new(&finite, [classes]).unwrap().cast(dtype);
            let bias = if smoothing == 0.0 { &bias } else { &finite };
            let loss = LinearCrossEntropy { label_smoothing: smoothing, z_loss: 0.1, ..Default::default() };
            // class weights with label smoothing at some sizes, and without it at others
            let weighs = (smoothing > 0.0) == (classes == 37);
            let weights: Vec<f64> = (0..classes).map(|k| 0.5 + (k % 5) as f64 / 4.0).collect();
            let weights = Array::new(&weights, [classes]).unwrap().cast(dtype);
            for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
                let term = |w: &Array, bias: &Array, weights: &Array| -> Term<Array> {
                    let term = loss.of(&x, w, &labels).with(Extra::Bias, bias).with(Extra::Mask, &keep);
                    let term = if weighs { term.with(Extra::ClassWeight, weights) } else { term };
                    term.reduce(reduction).upstream(1.5)
                };
                let shard = |range: Range<usize>| {
                    let [w, bias, weights] = [&w, bias, &weights].map(|array| slice(array, 0, &range));
                    let term = term(&w, &bias, &weights).classes_from(range.start, classes);
                    Share { term, of: vec![Some(x.clone()), Some(w), Some(bias)] }
                };
                let shards: Vec<Share> = ranges(lengths).into_iter().map(shard).collect();
                let comes = [Comes::Added, Comes::Joined, Comes::Joined];
                let judged = shares(gpu(), &term(&w, bias, &weights), &[&x, &w, bias], &comes, &shards);
                failures.note(&(rows, classes, dtype, smoothing, reduction), judged);
            }
        }
    }
    failures.raise();
}

fn a_bad_label_shows_in_the_statistics_of_a_vocabulary() {
    let (x, w) = (gpu().upload(&[0.5f32; 6], [3, 2]).unwrap(), gpu().upload(&[0.25f32; 8], [4, 2]).unwrap());
    let labels = gpu().upload(&[5i32, 12, 0], [3]).unwrap();
    let term = LinearCrossEntropy::default().of(&x, &w, &labels).classes_from(4, 12);
    let refused = Error::LabelOutOfRange {
        loss: "linear_cross_entropy",
        operand: "target".into(),
        position: 1,
        value: 12,
        count: 12,
        ignored: Some(-100),
    };
    assert_eq!(gpu().statistics(&term).unwrap().read().wait().unwrap_err(), refused);
    let all = gpu().empty([3, 3, 8]).unwrap();
    assert_eq!(gpu().value(&term.among(&all)).unwrap().loss().wait().unwrap_err(), refused);
}

fn a_shard_of_a_vocabulary_is_refused_without_the_others() {
    let (x, w) = (Array::new(&[0.5f32; 6], [3, 2]).unwrap(), Array::new(&[0.25f32; 8], [4, 2]).unwrap());
    let labels = Array::new(&[5i32, 2, 0], [3]).unwrap();
    let term = LinearCrossEntropy::default().of(&x, &w, &labels);
    assert_eq!(gpu().value(&term.clone().classes_from(4, 12)).unwrap_err().kind(), "invalid_option");
    let beyond = gpu().statistics(&term.clone().classes_from(9, 12)).unwrap_err();
    assert_eq!(
        beyond.to_string(),
        "linear_cross_entropy: `weight` has shape [4, 2], expected at most 3 classes, from 9 on of 12"
    );
    let all = Array::new(&[0.0f32; 24], [1, 3, 8]).unwrap();
    let keys = gpu().value(&term.classes_from(0, 12).keys_from(0, 3).among(&all)).unwrap_err();
    assert!(keys.to_string().contains("a loss of all pairs"), "{keys}");
}
