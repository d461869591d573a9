//! Tests the metrics' twins against the definition, scores that were worked out by hand, and refusals.

use crate::harness::tests;
use crate::predictions::{calls, judge};
use libtest_mimic::Trial;
use wgloss::{Array, DType, Predictions, Result, cpu};

pub fn tests() -> Vec<Trial> {
    tests![
        every_call_counts_what_the_definition_says,
        ties_infinities_and_zeros_of_both_signs,
        scores_of_classes,
        means_over_classes,
        batches_merge,
        what_is_refused,
    ]
}

fn every_call_counts_what_the_definition_says() {
    for call in calls() {
        let operands = call.operands();
        let (counts, predictions) = (call.counts(&operands), call.predictions(&operands));
        let (matrix, accuracy) = (cpu::confusion_matrix(&predictions).unwrap(), cpu::accuracy(&predictions).unwrap());
        judge(&counts, &matrix, &accuracy).unwrap_or_else(|why| panic!("{call:?}: {why}"));
        let same = matrix.accuracy() == accuracy.value() || accuracy.positions() == 0;
        assert!(same && matrix.accuracy().is_nan() == (accuracy.positions() == 0), "{call:?}");
    }
}

/// The class that a row predicts, if any.
fn predicted(row: &[f32]) -> Option<usize> {
    let (x, t) = (Array::new(row, [1, row.len()]).unwrap(), Array::new(&[0i32], [1]).unwrap());
    let matrix = cpu::confusion_matrix(&Predictions::of(&x, &t)).unwrap();
    matrix.counts().to_f64().iter().position(|count| *count == 1.0)
}

fn ties_infinities_and_zeros_of_both_signs() {
    let (up, down, nan) = (f32::INFINITY, f32::NEG_INFINITY, f32::NAN);
    for (row, want) in [
        ([2.0, 2.0, 1.0], Some(0)),
        ([1.0, 2.0, 2.0], Some(1)),
        ([-0.0, 0.0, -1.0], Some(0)),
        ([down, down, down], Some(0)),
        ([1.0, up, up], Some(1)),
        ([f32::MIN, down, -1e-45], Some(2)),
        ([-1e-45, 0.0, 1e-45], Some(2)),
        ([1.0, 2.0, nan], None),
        ([-nan, up, up], None),
    ] {
        assert_eq!(predicted(&row), want, "{row:?}");
    }
}

/// Class 1 is predicted and never the label, class 2 is neither.
fn means_over_classes() {
    let matrix = |predicted: &[u8], labels: &[u8]| {
        let [x, t] = [predicted, labels].map(|labels| Array::new(labels, [labels.len()]).unwrap());
        cpu::confusion_matrix(&Predictions::of(&x, &t).classes(3).ignore_index(9)).unwrap()
    };
    let some = matrix(&[0, 1], &[0, 0]);
    let means = [some.mean_iou(), some.mean_dice(), some.balanced_accuracy()];
    // class 0 has IoU 1/2, Dice 2/3 and recall 1/2; class 1 has IoU 0, Dice 0 and no recall; class 2 has no scores
    assert_eq!(means, [0.25, 1.0 / 3.0, 0.5]);
    let none = matrix(&[0], &[9]);
    assert!(none.mean_iou().is_nan() && none.mean_dice().is_nan() && none.balanced_accuracy().is_nan());
}

/// Class 0 has three positions, two predicted right and one without a prediction; one of the two positions of class 1 is
/// predicted as class 0.
fn scores_of_classes() {
    let logits = [2.0f32, 1.0, 0.0, 2.0, 1.0, 0.0, 1.0, 0.0, 0.0, f32::NAN, 0.0, 0.0, 0.0, 1.0, 0.0];
    let x = Array::new(&logits, [5, 3]).unwrap();
    let t = Array::new(&[0u8, 0, 1, 0, 1], [5]).unwrap();
    let matrix = cpu::confusion_matrix(&Predictions::of(&x, &t)).unwrap();
    assert_eq!(matrix.counts().to_f64(), [2.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(matrix.counts().dtype(), DType::U32);
    assert_eq!((matrix.unpredicted(), matrix.positions(), matrix.accuracy()), (&[1, 0, 0][..], 5, 0.6));
    for (name, scores, want) in [
        ("precision", matrix.precision(), [2.0 / 3.0, 1.0]),
        ("recall", matrix.recall(), [2.0 / 3.0, 0.5]),
        ("iou", matrix.iou(), [2.0 / 4.0, 0.5]),
        ("dice", matrix.dice(), [4.0 / 6.0, 2.0 / 3.0]),
    ] {
        assert_eq!(scores[..2], want, "{name}");
        assert!(scores[2].is_nan(), "{name} of a class that no position is of");
    }
}

fn batches_merge() {
    let of = |predicted: &[i32], labels: &[i32]| {
        let array = |labels: &[i32]| Array::new(labels, [labels.len()]).unwrap();
        Predictions::of(&array(predicted), &array(labels)).classes(2)
    };
    let [one, other, all] = [of(&[0, 1], &[0, 0]), of(&[1, 1, 0], &[1, 0, 1]), of(&[0, 1, 1, 1, 0], &[0, 0, 1, 0, 1])];
    let mut matrix = cpu::confusion_matrix(&one).unwrap();
    matrix.merge(&cpu::confusion_matrix(&other).unwrap()).unwrap();
    assert_eq!(matrix, cpu::confusion_matrix(&all).unwrap());
    let mut accuracy = cpu::accuracy(&one).unwrap();
    accuracy.merge(&cpu::accuracy(&other).unwrap()).unwrap();
    assert_eq!(accuracy, cpu::accuracy(&all).unwrap());
    let three = cpu::confusion_matrix(&one.classes(3)).unwrap();
    let said = matrix.merge(&three).unwrap_err().to_string();
    assert_eq!(said, "confusion_matrix: `counts` has shape [3, 3], expected [2, 2]");
}

fn what_is_refused() {
    let (x, t) = (Array::new(&[0.5f32; 12], [2, 3, 2]).unwrap(), Array::new(&[0i32; 4], [2, 2]).unwrap());
    let of = Predictions::of(&x, &t);
    let ints = |labels: &[i64]| Array::new(labels, [2, 2]).unwrap();
    let flat = Array::new(&[0.5f32; 4], [4]).unwrap();
    let rows: Vec<(Result<_>, &str)> = vec![
        (
            cpu::accuracy(&Predictions::of(&t, &t)),
            "accuracy: option `classes` is none, expected the number of classes, since `input` holds i32, read as labels; logits \
             are floats",
        ),
        (cpu::accuracy(&Predictions::of(&t, &t).classes(0)), "accuracy: option `classes` is 0, expected at least 1"),
        (cpu::accuracy(&of.clone().classes(2)), "accuracy: option `classes` is 2, expected 3, the classes of `input`"),
        (cpu::accuracy(&Predictions::of(&x, &x)), "accuracy: `target` holds f32, expected integers"),
        (
            cpu::accuracy(&Predictions::of(&flat, &t)),
            "accuracy: `input` has shape [4], expected [N, C, ...] with at least one class",
        ),
        (
            cpu::accuracy(&Predictions::of(&x.clone().class_axis_last(), &t)),
            "accuracy: `target` has shape [2, 2], expected [2, 3]",
        ),
        (cpu::accuracy(&of.clone().mask(&flat)), "accuracy: `mask` has shape [4], expected [2, 2]"),
        (
            cpu::accuracy(&Predictions::of(&x, &ints(&[0, 1, 3, -1]))),
            "accuracy: `target` holds 3 at position 2, expected 0..3",
        ),
        (
            cpu::accuracy(&Predictions::of(&x, &ints(&[0, 1 << 40, 3, -1])).ignore_index(3)),
            "accuracy: `target` holds 1099511627776 at position 1, expected 0..3 or the ignore_index 3",
        ),
        // an ignored or masked position may have any prediction
        (
            cpu::accuracy(
                &Predictions::of(&ints(&[9, 9, 0, 7]), &ints(&[5, 0, 1, 0]))
                    .classes(2)
                    .ignore_index(5)
                    .mask(&ints(&[1, 0, 1, 1])),
            ),
            "accuracy: `input` holds 7 at position 3, expected 0..2",
        ),
    ];
    for (got, want) in rows {
        assert_eq!(got.expect_err(want).to_string(), want);
    }
    let far = Array::new(&[0f32; 0], [0, 1 << 17]).unwrap();
    let said = cpu::confusion_matrix(&Predictions::of(&far, &Array::new(&[0i32; 0], [0]).unwrap())).unwrap_err();
    assert_eq!(
        said.to_string(),
        "confusion_matrix: counts of shape [131073, 131072]: 17180000256 needed, the limit is 4261412863"
    );
}
