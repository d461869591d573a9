//! A table of refusals: the kind of error, and which loss, operand or option, and numbers its message names.

mod operands;
mod options;
mod sequences;
mod spread;
mod words;

use crate::harness::tests;
use libtest_mimic::Trial;
use wgloss::{Array, CrossEntropy, Dice, Extra, Term, cpu};

pub fn tests() -> Vec<Trial> {
    let own = tests![refusals_come_in_the_order_option_dtype_shape_label];
    let modules = [own, operands::tests(), options::tests(), sequences::tests(), spread::tests(), words::tests()];
    modules.into_iter().flatten().collect()
}

fn floats(shape: &[usize]) -> Array {
    Array::new(&vec![0.5f32; shape.iter().product()], shape).unwrap()
}

fn ints(labels: &[i32], shape: &[usize]) -> Array {
    Array::new(labels, shape).unwrap()
}

/// A term, the kind of its refusal, and pieces of the message.
type Row = (&'static str, Term<Array>, &'static str, &'static [&'static str]);

fn check(rows: impl IntoIterator<Item = Row>) {
    let wrong = |(name, term, kind, pieces): Row| {
        let error = match cpu::value(&term) {
            Ok(outcome) => return Some(format!("{name}: not refused: {:?}", outcome.tensor())),
            Err(error) => error,
        };
        let message = error.to_string();
        let lacking: Vec<_> = pieces.iter().filter(|piece| !message.contains(**piece)).collect();
        let good = error.kind() == kind && lacking.is_empty();
        (!good).then(|| format!("{name}: {}, not {kind}; lacks {lacking:?}: {message}", error.kind()))
    };
    let failures: Vec<_> = rows.into_iter().filter_map(wrong).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A term with all four mistakes is refused for its option; once that is corrected, for its dtype, then its shape, then its
/// label.
fn refusals_come_in_the_order_option_dtype_shape_label() {
    let wrong = |option: bool, dtype: bool, shape: bool, label: bool| {
        let x = if shape { floats(&[2, 3, 2]) } else { floats(&[2, 3]) };
        let t = ints(&[0, if label { 9 } else { 1 }], &[2]);
        let weight = if dtype { ints(&[1, 1, 1], &[3]) } else { floats(&[3]) };
        let loss = CrossEntropy { label_smoothing: if option { 2.0 } else { 0.0 }, ..Default::default() };
        loss.of(&x, &t).with(Extra::Weight, &weight)
    };
    check([
        ("all four", wrong(true, true, true, true), "invalid_option", &["label_smoothing"][..]),
        ("three", wrong(false, true, true, true), "unsupported_dtype", &["weight"]),
        ("two", wrong(false, false, true, true), "shape_mismatch", &["target"]),
        ("one", wrong(false, false, false, true), "label_out_of_range", &["holds 9"]),
    ]);
    assert!(cpu::value(&wrong(false, false, false, false)).is_ok());

    // a mistake that is found late still has its rank in this order: a single channel does not suit the option
    // `activation`, and an upstream gradient has a wrong dtype
    let (one, t) = (floats(&[2, 1]), ints(&[0, 9], &[2]));
    let (x, short) = (floats(&[2, 3]), ints(&[0, 9, 9], &[3]));
    check([
        (
            "one channel before a dtype",
            Dice::default().of(&one, &t).with(Extra::Weight, &ints(&[1], &[1])),
            "invalid_option",
            &["activation"][..],
        ),
        (
            "a scale's dtype before a shape",
            CrossEntropy::default().of(&x, &short).upstream(&ints(&[1], &[1])),
            "unsupported_dtype",
            &["upstream"],
        ),
    ]);
}
