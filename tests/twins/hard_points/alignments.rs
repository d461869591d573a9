//! Hard points of losses of alignments: items with one alignment, with several and with none, and what is left out.

use crate::harness::tests;
use crate::point::{Point, check, floats, labels, row};
use libtest_mimic::Trial;
use wgloss::{Array, Ctc, Reduction, Term, cpu};

pub fn tests() -> Vec<Trial> {
    tests![
        alignments_are_summed,
        an_item_without_labels_is_blank_throughout,
        items_without_alignments_are_infinite_or_zero,
        repeated_labels_need_a_blank_between_them,
        a_class_of_no_probability_is_ruled_out,
        the_lowest_f32_rules_a_class_out,
        shares_of_huge_logs_add_up,
        the_mean_is_over_labels_and_then_over_items,
        what_lies_beyond_the_lengths_takes_no_part,
        a_log_probability_of_nan_or_infinity_makes_its_item_nan,
    ]
}

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

/// The logs of probabilities, by step, item and class.
fn logs(probabilities: &[f64], shape: [usize; 3]) -> Array {
    floats(&probabilities.iter().map(|p| p.ln()).collect::<Vec<_>>(), &shape)
}

fn of(x: &Array, targets: &[i32], steps: &[i32], counts: &[i32]) -> Term<Array> {
    Ctc::default().of(x, &labels(targets), &labels(steps), &labels(counts))
}

/// "aa", "a-" and "-a" spell "a".
fn alignments_are_summed() {
    let x = logs(&[0.5, 0.5, 0.25, 0.75], [2, 1, 2]);
    let all = 0.375 + 0.125 + 0.375;
    let gradient = [0.5 - 0.375 / all, 0.5 - 0.5 / all, 0.25 - 0.125 / all, 0.75 - 0.75 / all];
    // the same with the classes in reverse order
    let turned = logs(&[0.5, 0.5, 0.75, 0.25], [2, 1, 2]);
    let blank = Ctc::new().blank(1).of(&turned, &labels(&[0]), &labels(&[2]), &labels(&[1]));
    // three labels in three steps have a single alignment
    let y = logs(&[0.25, 0.5, 0.25, 0.5, 0.25, 0.25, 0.25, 0.5, 0.25], [3, 1, 3]);
    let only = [0.25, -0.5, 0.25, 0.5, 0.25, -0.75, 0.25, -0.5, 0.25];
    check([
        Point::new("one label", of(&x, &[1], &[2], &[1]), [-f64::ln(all)]).gradient(&x, gradient),
        Point::new("a blank that is not 0", blank, [-f64::ln(all)])
            .gradient(&turned, [gradient[1], gradient[0], gradient[3], gradient[2]]),
        Point::new("as many labels as steps", of(&y, &[1, 2, 1], &[3], &[3]), [-f64::ln(0.5 * 0.25 * 0.5) / 3.0])
            .gradient(&y, only.map(|d| d / 3.0)),
        Point::new("with upstream", of(&x, &[1], &[2], &[1]).upstream(-2.0), [-f64::ln(all)])
            .gradient(&x, gradient.map(|d| -2.0 * d)),
    ]);
}

fn an_item_without_labels_is_blank_throughout() {
    let x = logs(&[0.5, 0.5, 0.25, 0.75], [2, 1, 2]);
    let sure = floats(&[-1e-300, -700.0, -1e-300, -700.0], &[2, 1, 2]);
    check([
        Point::new("blanks", of(&x, &[], &[2], &[0]), [-f64::ln(0.125)]).gradient(&x, [-0.5, 0.5, -0.75, 0.75]),
        Point::new("sure of them", of(&sure, &[], &[2], &[0]), [2e-300]),
        Point::new("no step either", of(&x, &[], &[0], &[0]), [0.0]).gradient(&x, [0.0; 4]),
    ]);
}

fn items_without_alignments_are_infinite_or_zero() {
    let x = logs(&[0.5, 0.5, 0.25, 0.75], [2, 1, 2]);
    let two = logs(&[0.5, 0.5, 0.5, 0.5], [1, 2, 2]);
    let zero = |x: &Array, targets: &[i32], steps: &[i32], counts: &[i32]| {
        Ctc::new().zero_infinity(true).of(x, &labels(targets), &labels(steps), &labels(counts))
    };
    check([
        Point::new("more labels than steps", of(&x, &[1, 1, 1], &[2], &[3]), [INF]).gradient(&x, [NAN; 4]),
        // the item has one step; the second is padding
        Point::new("in one step", of(&x, &[1, 1], &[1], &[2]), [INF]).gradient(&x, [NAN, NAN, 0.0, 0.0]),
        Point::new("no step", of(&x, &[1], &[0], &[1]), [INF]).gradient(&x, [0.0; 4]),
        Point::new("zero", zero(&x, &[1, 1], &[2], &[2]), [0.0]).gradient(&x, [0.0; 4]),
        Point::new("no step, zero", zero(&x, &[1], &[0], &[1]), [0.0]).gradient(&x, [0.0; 4]),
        Point::new("zero beside another, which counts", zero(&two, &[1, 1, 1], &[1, 1], &[2, 1]), [0.5 * f64::ln(2.0)])
            .gradient(&two, [0.0, 0.0, 0.25, -0.25])
            .parts([(f64::ln(2.0), 2.0)]),
    ]);
}

fn repeated_labels_need_a_blank_between_them() {
    let p = [0.5, 0.5, 0.25, 0.75, 0.125, 0.875];
    let x = logs(&p, [3, 1, 2]);
    check([
        Point::new("a-a", of(&x, &[1, 1], &[3], &[2]), [-f64::ln(0.5 * 0.25 * 0.875) / 2.0])
            .gradient(&x, [0.5, -0.5, -0.75, 0.75, 0.125, -0.125].map(|d| d / 2.0)),
        Point::new("no room for the blank", of(&x, &[1, 1], &[2], &[2]), [INF])
            .gradient(&x, [NAN, NAN, NAN, NAN, 0.0, 0.0]),
    ]);
}

fn a_class_of_no_probability_is_ruled_out() {
    // only "-a" is possible, and class 2 is no label
    let x = logs(&[1.0, 0.0, 0.0, 0.25, 0.75, 0.0], [2, 1, 3]);
    let none = logs(&[0.0, 0.0, 1.0, 0.5, 0.5, 0.0], [2, 1, 3]);
    let gradient = [0.0, 0.0, 0.0, 0.25, -0.25, 0.0];
    check([
        Point::new("ruled out", of(&x, &[1], &[2], &[1]), [-f64::ln(0.75)]).gradient(&x, gradient),
        Point::new("all alignments", of(&none, &[1], &[2], &[1]), [INF]).gradient(&none, [NAN; 6]),
    ]);
}

fn the_lowest_f32_rules_a_class_out() {
    let x = |log: f64| floats(&[0.0, log], &[1, 1, 2]);
    let (lowest, zero, near) = (x(f32::MIN.into()), x(f32::MIN.into()), x(-1.5e38));
    let or_zero = Ctc::new().zero_infinity(true).of(&zero, &labels(&[1]), &labels(&[1]), &labels(&[1]));
    check([
        Point::new("the lowest", of(&lowest, &[1], &[1], &[1]), [INF]).gradient(&lowest, [NAN; 2]),
        Point::new("the lowest, zero", or_zero, [0.0]).gradient(&zero, [0.0; 2]),
        Point::new("near it", of(&near, &[1], &[1], &[1]), [1.5e38]).gradient(&near, [1.0, -1.0]),
    ]);
}

/// "a--", "-a-" and "--a" are as probable as each other, as far as f64 tells, and so are their sums.
fn shares_of_huge_logs_add_up() {
    let x = floats(&[0.0, -1e30, 0.0, -1e30, 0.0, -1e30], &[3, 1, 2]);
    let (_, [gradient]) = cpu::gradients(&of(&x, &[1], &[3], &[1]), [&x]).unwrap();
    for step in gradient.to_f64().chunks(2) {
        // exp(0) and exp(−1e30), less the shares
        assert!((step[0] + step[1]).abs() < 1e-12, "{step:?}");
    }
}

/// Item 0 spells "aa" in three steps, as "a-a". Item 1 spells nothing in one step, and item 2 spells "a" in two.
fn the_mean_is_over_labels_and_then_over_items() {
    let x = logs(&[0.5; 18], [3, 3, 2]);
    let ln2 = f64::ln(2.0);
    let values = [3.0 * ln2, ln2, -f64::ln(0.75)];
    let term = || of(&x, &[1, 1, 1], &[3, 1, 2], &[2, 0, 1]);
    let padded = Array::new(&[1i32, 1, -5, 99, 1, -1], [3, 2]).unwrap();
    let in_rows = Ctc::default().of(&x, &padded, &labels(&[3, 1, 2]), &labels(&[2, 0, 1]));
    let samples = row(&[2.0, 1.0, 0.0]);
    let (quotients, weighed) = (values[0] / 2.0 + values[1] + values[2], values[0] + values[1]);
    check([
        Point::new("none", term().reduce(Reduction::None), values),
        Point::new("none of rows", in_rows.clone().reduce(Reduction::None), values),
        Point::new("sum", term().reduce(Reduction::Sum), [values.iter().sum::<f64>()]),
        Point::new("mean", term(), [quotients / 3.0]).parts([(quotients, 3.0)]),
        Point::new("mean of rows", in_rows, [quotients / 3.0]),
        Point::new("weighed", term().sample_weight(&samples), [weighed / 3.0]).parts([(weighed, 3.0)]),
        Point::new("weighed sum", term().sample_weight(&samples).reduce(Reduction::Sum), [2.0 * values[0] + values[1]]),
    ]);
}

fn what_lies_beyond_the_lengths_takes_no_part() {
    let mut p = vec![0.5, 0.5, 0.25, 0.75];
    p.extend([NAN, INF]);
    let x = logs(&p, [3, 1, 2]);
    let targets = Array::new(&[1i32, -7, i32::MAX], [1, 3]).unwrap();
    let term = Ctc::default().of(&x, &targets, &labels(&[2]), &labels(&[1]));
    let all = 0.875;
    check([Point::new("beyond", term, [-f64::ln(all)])
        .gradient(&x, [0.5 - 0.375 / all, 0.5 - 0.5 / all, 0.25 - 0.125 / all, 0.75 - 0.75 / all, 0.0, 0.0])]);
}

fn a_log_probability_of_nan_or_infinity_makes_its_item_nan() {
    let numbers = |special: f64| floats(&[special, -1.0, 0.0, 0.0, -1.0, -1.0], &[1, 2, 3]);
    for special in [NAN, INF] {
        let x = numbers(special);
        let term = of(&x, &[1, 1], &[1, 1], &[1, 1]).reduce(Reduction::None);
        let others = [0.0f64.exp(), (-1.0f64).exp() - 1.0, (-1.0f64).exp()];
        check([Point::new("a class of NaN or infinity", term, [NAN, 1.0])
            .gradient(&x, [NAN, NAN, NAN, others[0], others[1], others[2]])]);
    }
}
