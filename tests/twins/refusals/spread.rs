//! Shards of a batch: losses that cannot be sharded, and shards that do not fit.

use super::{check, floats, ints};
use crate::harness::tests;
use libtest_mimic::Trial;
use wgloss::{CrossEntropy, Dice, Error, LinearDistillation, Mse, Vae, cpu};

pub fn tests() -> Vec<Trial> {
    tests![shards_of_what_cannot_be_sharded, shards_that_do_not_fit,]
}

fn shards_of_what_cannot_be_sharded() {
    let (x, t) = (floats(&[2, 3]), ints(&[0, 1], &[2]));
    let all = floats(&[4, 2, 8]);
    check([
        ("a sum", Mse::default().of(&x, &x).among(&all), "invalid_option", &["mse", "among", "add up"][..]),
        ("a composite", Vae::default().of(&x, &x, &x, &x).among(&all), "invalid_option", &["vae", "among"]),
        (
            "classes of regions",
            Dice::default().of(&x, &t).classes_from(0, 9).among(&all),
            "invalid_option",
            &["dice", "classes_from", "0 of 9"],
        ),
        (
            "classes of two layers",
            LinearDistillation::default().of(&x, &x, &x, &x).classes_from(0, 9).among(&all),
            "invalid_option",
            &["linear_distillation", "classes_from", "0 of 9"],
        ),
    ]);
    let refused = |term| cpu::statistics(&term).unwrap_err();
    assert_eq!(refused(Mse::default().of(&x, &x)).kind(), "invalid_option");
    assert_eq!(refused(LinearDistillation::default().of(&x, &x, &x, &x)).kind(), "invalid_option");
    let ce = || CrossEntropy::default().of(&x, &t);
    assert_eq!(refused(ce() + ce()).kind(), "invalid_operand");
    assert_eq!(refused(ce().among(&all)).kind(), "invalid_option");
}

fn shards_that_do_not_fit() {
    let (x, t) = (floats(&[2, 3]), ints(&[0, 8], &[2]));
    let one = floats(&[1, 2, 8]);
    let alone = |first, of| CrossEntropy::default().of(&x, &t).classes_from(first, of);
    let of = |first, of| alone(first, of).among(&one);
    check([
        ("alone", alone(0, 9), "invalid_option", &["classes_from", "0 of 9", "`among`"][..]),
        ("beyond the last", of(7, 9), "shape_mismatch", &["input", "at most 2 classes, from 7 on of 9", "[2, 3]"]),
        ("far beyond", of(usize::MAX, 9), "shape_mismatch", &["at most 0"]),
        ("a label of none", of(0, 8), "label_out_of_range", &["holds 8", "0..8"]),
        ("no shards", of(0, 9).among(&floats(&[0, 2, 8])), "shape_mismatch", &["among", "[S, 2, 8]"]),
        ("of another shape", of(0, 9).among(&floats(&[3, 2, 7])), "shape_mismatch", &["[S, 2, 8]", "[3, 2, 7]"]),
        ("labels beyond 32 bits", of(1 << 33, 1 << 34), "too_large", &["classes", "4294967295"]),
        ("too many", of(0, 9).among(&floats(&[4097, 2, 8])), "too_large", &["4097", "4096"]),
    ]);
    assert!(cpu::value(&of(6, 9)).is_ok());
    let batch = Dice { batch: true, ..Dice::default() };
    let five = floats(&[5, 1, 3, 4]);
    assert!(cpu::value(&batch.of(&floats(&[2, 3]), &ints(&[0, 1], &[2])).among(&five)).is_ok());
    match cpu::value(&Dice::default().of(&floats(&[2, 3]), &ints(&[0, 1], &[2])).among(&five)) {
        Err(Error::ShapeMismatch { expected, .. }) => assert_eq!(expected, "[S, 2, 3, 4] of S shards"),
        other => panic!("{other:?}"),
    }
}
