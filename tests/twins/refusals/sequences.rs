//! Sequences that are refused: of labels with their lengths, and of rows with their segments.

use super::{check, floats, ints};
use crate::harness::tests;
use libtest_mimic::Trial;
use wgloss::{Array, Ctc, LinearDpo};

pub fn tests() -> Vec<Trial> {
    tests![segments_out_of_range, sequences_that_do_not_fit]
}

fn segments_out_of_range() {
    let (x, w) = (floats(&[3, 2]), floats(&[4, 2]));
    let of = |target: [i32; 3], segments: [i32; 3]| {
        LinearDpo::default().of(&x, &w, &ints(&target, &[3]), &ints(&segments, &[3]), &floats(&[2]))
    };
    let bad = "label_out_of_range";
    check([
        ("above", of([0, 1, 3], [0, 1, 2]), bad, &["linear_dpo", "segments", "holds 2", "position 2", "0..2"][..]),
        ("below", of([0, 1, 3], [0, -1, 2]), bad, &["segments", "holds -1", "position 1"]),
        // only labels may be ignored
        ("the label that is ignored", of([0, 1, 3], [-100, 1, 0]), bad, &["segments", "holds -100", "position 0"]),
        ("of a token that is ignored", of([0, -100, 3], [0, 7, 1]), bad, &["segments", "holds 7", "position 1"]),
        ("a label beside it", of([0, 1, 4], [5, 1, 0]), bad, &["target", "holds 4", "position 2", "0..4"]),
    ]);
}

fn sequences_that_do_not_fit() {
    let (x, bad) = (floats(&[4, 2, 3]), "label_out_of_range");
    let two = |numbers: [i32; 2]| ints(&numbers, &[2]);
    let rows = ints(&[1, 9, 2, 1], &[2, 2]);
    let of = |targets: &Array, steps, labels| Ctc::default().of(&x, targets, &two(steps), &two(labels));
    check([
        ("steps", of(&rows, [4, 5], [1, 2]), bad, &["ctc", "input_lengths", "holds 5", "position 1", "0..5"][..]),
        ("no steps", of(&rows, [-1, 4], [1, 2]), bad, &["input_lengths", "holds -1", "position 0"]),
        ("numbers of labels", of(&rows, [4, 4], [3, 2]), bad, &["target_lengths", "holds 3", "position 0", "0..3"]),
        ("a label", of(&rows, [4, 4], [2, 2]), bad, &["targets", "holds 9", "position 1", "0..3"]),
        (
            "a label of those that follow each other",
            of(&ints(&[1, 2, 3], &[3]), [4, 4], [1, 2]),
            bad,
            &["holds 3", "position 2"],
        ),
        (
            "too few labels",
            of(&ints(&[1, 2], &[2]), [4, 4], [1, 2]),
            "shape_mismatch",
            &["[3], the sum of `target_lengths`"],
        ),
        (
            "too many labels",
            of(&ints(&[1; 4], &[4]), [4, 4], [1, 2]),
            "shape_mismatch",
            &["targets", "[4]", "[3], the sum"],
        ),
        (
            "rows of another batch",
            of(&ints(&[1; 3], &[3, 1]), [4, 4], [1, 1]),
            "shape_mismatch",
            &["targets", "[2, S]"],
        ),
        (
            "lengths of another batch",
            Ctc::default().of(&x, &rows, &ints(&[4; 3], &[3]), &two([1, 1])),
            "shape_mismatch",
            &["input_lengths", "[3]", "[2]"],
        ),
        (
            "two axes",
            Ctc::default().of(&floats(&[4, 3]), &rows, &two([4, 4]), &two([1, 1])),
            "shape_mismatch",
            &["[T, N, C]"],
        ),
        (
            "a blank that is no class",
            Ctc::new().blank(3).of(&x, &rows, &two([4, 4]), &two([1, 1])),
            "invalid_option",
            &["blank", "3", "below 3"],
        ),
        (
            "lengths in floats",
            Ctc::default().of(&x, &rows, &floats(&[2]), &two([1, 1])),
            "unsupported_dtype",
            &["integers"],
        ),
    ]);
}
