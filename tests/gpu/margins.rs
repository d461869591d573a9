//! Softmaxes of cosines with a margin at the label: digits at small angles, vectors of any length, shards of classes.

use crate::draw::{Rng, labels_of};
use crate::gpu;
use crate::harness::tests;
use crate::judge::{Failures, Given};
use crate::pieces::{ranges, slice};
use crate::sharded::shares::{Comes, Share, shares};
use libtest_mimic::Trial;
use std::ops::Range;
use wgloss::{Array, DType, Extra, MarginKind, MarginSoftmax, Reduction, Term, cpu};

pub fn tests() -> Vec<Trial> {
    tests![
        the_loss_keeps_its_digits_at_every_angle,
        a_row_parallel_to_its_class_gets_the_twins_gradient,
        lengths_change_neither_loss_nor_direction,
        a_vector_of_zeros_has_a_gradient_of_nan_beside_an_unknown_class,
        classes_that_are_spread_are_whole_among_their_shards,
    ]
}

const KINDS: [MarginKind; 2] = [MarginKind::Cosface, MarginKind::Arcface];

fn drawn(rng: &mut Rng, shape: &[usize], scale: f64) -> Array {
    let numbers: Vec<f32> = (0..shape.iter().product()).map(|_| (scale * rng.normal()) as f32).collect();
    Array::new(&numbers, shape).unwrap()
}

fn both(term: &Term<Array>, of: &[&Array]) -> [Given; 2] {
    let want = Given::by_twin(cpu::gradient_list(term, of).unwrap());
    [Given::by_gpu(gpu(), term, of).unwrap(), want]
}

fn greatest(numbers: &[f64]) -> f64 {
    numbers.iter().fold(0.0, |most, x| most.max(x.abs()))
}

/// Rows at an angle to the class of their label. Below 3e-4 a cosine in f32 has lost the angle, and the loss would be off
/// by 5e-3. The gradient's error is a cosine's rounding divided by the angle.
fn the_loss_keeps_its_digits_at_every_angle() {
    let mut rng = Rng::new(5);
    // one lane for each row, then one workgroup for each row
    for width in [24, 5000] {
        let (w, noise) = (drawn(&mut rng, &[7, width], 1.0), drawn(&mut rng, &[5, width], 1.0).to_f32());
        let own: Vec<i64> = vec![3, 0, 6, 3, 1];
        for angle in [1.0f32, 0.1, 1e-2, 1e-3, 1e-4, 1e-5] {
            let class = |at: usize| w.to_f32()[own[at / width] as usize * width + at % width];
            // the row is longer than its class by a factor of 3
            let x: Vec<f32> = (0..5 * width).map(|at| 3.0 * (class(at) + angle * noise[at])).collect();
            let x = Array::new(&x, [5, width]).unwrap();
            let loss = MarginSoftmax { kind: MarginKind::Arcface, s: 16.0, m: 0.5, ..Default::default() };
            let term = loss.of(&x, &w, &labels_of(&own, DType::I32, &[5])).reduce(Reduction::Sum);
            let [got, want] = both(&term, &[&x, &w]);
            let (got_loss, want_loss) = (got.loss.unwrap(), want.loss.unwrap());
            // the scale of 16 multiplies the rounding of a cosine in f32
            assert!((got_loss / want_loss - 1.0).abs() <= 1e-5, "{width}, {angle}: {got_loss}, not {want_loss}");
            for (got, want) in got.gradients.iter().zip(&want.gradients) {
                let (got, want) = (got.to_f64(), want.to_f64());
                let off: Vec<f64> = got.iter().zip(&want).map(|(got, want)| got - want).collect();
                let share = greatest(&off) / greatest(&want);
                assert!(share <= 1e-5 + 2e-6 / f64::from(angle), "{width}, {angle}: a gradient off by {share}");
            }
        }
    }
}

/// Weights that equal the features, as in few-shot learning, or are a multiple that is exact in f32.
fn a_row_parallel_to_its_class_gets_the_twins_gradient() {
    let mut rng = Rng::new(6);
    for kind in KINDS {
        for length in [1.0f32, 4.0, 0.25, -1.0] {
            let w = drawn(&mut rng, &[6, 40], 1.0);
            let x = Array::new(&w.to_f32().iter().map(|x| length * x).collect::<Vec<_>>(), [6, 40]).unwrap();
            let loss = MarginSoftmax { kind, s: 8.0, m: 0.5, ..Default::default() };
            let labels = labels_of(&[0, 1, 2, 3, 4, 5], DType::I64, &[6]);
            let [got, want] = both(&loss.of(&x, &w, &labels).reduce(Reduction::None), &[&x, &w]);
            got.judge(&want).unwrap_or_else(|error| panic!("{kind:?}, {length}: {error}"));
        }
    }
}

/// Vectors whose squares leave the range of f32, and vectors with norms below 1e-8.
fn lengths_change_neither_loss_nor_direction() {
    let mut failures = Failures::default();
    let mut rng = Rng::new(7);
    let (x, w) = (drawn(&mut rng, &[9, 12], 1.0), drawn(&mut rng, &[5, 12], 1.0));
    let scaled = |array: &Array, by: f32| {
        let numbers: Vec<f32> = array.to_f32().iter().map(|x| by * x).collect();
        Array::new(&numbers, array.shape()).unwrap()
    };
    let labels = labels_of(&[0, 1, 2, 3, 4, 0, 1, 2, 3], DType::U8, &[9]);
    for kind in KINDS {
        for (of_x, of_w) in [(1e-30, 1.0), (1e-9, 1.0), (1.0, 1e-9), (1e15, 1e-3), (1e18, 1e18), (1e30, 1e-6)] {
            let (x, w) = (scaled(&x, of_x), scaled(&w, of_w));
            let [got, want] =
                both(&MarginSoftmax { kind, s: 8.0, ..Default::default() }.of(&x, &w, &labels), &[&x, &w]);
            failures.note(&(kind, of_x, of_w), got.judge(&want));
        }
    }
    failures.raise();
}

fn a_vector_of_zeros_has_a_gradient_of_nan_beside_an_unknown_class() {
    let x = Array::new(&[0.0f32, 0.0, 1.0, 2.0], [2, 2]).unwrap();
    let w = Array::new(&[1.0, 0.5, f32::NAN, 2.0], [2, 2]).unwrap();
    let [got, want] = both(&MarginSoftmax::default().of(&x, &w, &labels_of(&[0, 0], DType::I32, &[2])), &[&x, &w]);
    assert!(got.gradients.iter().all(|gradient| gradient.to_f64().iter().all(|d| d.is_nan())), "{got:?}");
    got.judge(&want).unwrap();
}

fn classes_that_are_spread_are_whole_among_their_shards() {
    let mut failures = Failures::default();
    let mut rng = Rng::new(8);
    for (rows, classes, width, dtype, lengths) in [
        (70, 37, 21, DType::F32, &[5, 1, 31][..]),
        (3, 200, 64, DType::F32, &[64, 130, 6]),
        (70, 37, 20, DType::F16, &[30, 7]),
    ] {
        // the gradients of the shards are added up, so they are f32
        let x = drawn(&mut rng, &[rows, width], 1.0).cast(dtype).f32_gradient();
        let w = drawn(&mut rng, &[classes, width], 1.0).cast(dtype);
        let label = |i: usize| if i % 7 == 2 { -100 } else { (i * 5 % classes) as i64 };
        let target = labels_of(&(0..rows).map(label).collect::<Vec<_>>(), DType::I64, &[rows]);
        let keep = Array::new(&(0..rows).map(|i| f32::from(u8::from(i % 5 != 4))).collect::<Vec<_>>(), [rows]).unwrap();
        for (kind, label_smoothing) in [(MarginKind::Cosface, 0.2), (MarginKind::Arcface, 0.0)] {
            let loss = MarginSoftmax { kind, s: 8.0, m: 0.5, label_smoothing, ..Default::default() };
            for reduction in [Reduction::Mean, Reduction::None] {
                let term = |w: &Array| loss.of(&x, w, &target).with(Extra::Mask, &keep).reduce(reduction).upstream(1.5);
                let shard = |range: Range<usize>| {
                    let w = slice(&w, 0, &range);
                    Share { term: term(&w).classes_from(range.start, classes), of: vec![Some(x.clone()), Some(w)] }
                };
                let shards: Vec<Share> = ranges(lengths).into_iter().map(shard).collect();
                let judged = shares(gpu(), &term(&w), &[&x, &w], &[Comes::Added, Comes::Joined], &shards);
                failures.note(&(rows, classes, dtype, kind, reduction), judged);
            }
        }
    }
    failures.raise();
}
