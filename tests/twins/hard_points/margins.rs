//! Hard points of a softmax of cosines with a margin at the label.

use crate::harness::tests;
use crate::point::{Point, check, floats, labels};
use libtest_mimic::Trial;
use wgloss::{Array, Extra, LinearCrossEntropy, MarginKind, MarginSoftmax, Reduction, cpu};

pub fn tests() -> Vec<Trial> {
    tests![
        the_label_loses_its_margin_at_right_angles_to_the_other_class,
        an_angle_is_widened_until_it_would_be_half_a_turn,
        vectors_that_point_the_same_way_or_against_each_other_have_no_slope,
        a_small_angle_keeps_its_digits,
        a_vector_of_zeros_has_a_cosine_of_0_and_no_gradient,
        the_length_of_a_vector_only_divides_its_gradient,
        vectors_below_the_least_norm_are_divided_by_it,
        without_a_margin_it_is_a_linear_layer_of_unit_vectors,
        what_is_not_finite_is_seen_by_the_rows_that_take_part,
    ]
}

const KINDS: [MarginKind; 2] = [MarginKind::Cosface, MarginKind::Arcface];

/// The probability of the second of two classes. `lead` is the first logit minus the second.
fn second(lead: f64) -> f64 {
    1.0 / (1.0 + lead.exp())
}

fn of(kind: MarginKind, m: f32) -> MarginSoftmax {
    MarginSoftmax { kind, s: 4.0, m, ..Default::default() }
}

/// The label's class points along the row, where the cosine is clamped and has no slope. Only the other class contributes
/// to the gradient.
fn the_label_loses_its_margin_at_right_angles_to_the_other_class() {
    let (x, w, target) = (floats(&[3.0, 0.0], &[1, 2]), floats(&[2.0, 0.0, 0.0, 5.0], &[2, 2]), labels(&[0]));
    let point = |kind: MarginKind, label: f64| {
        let p = second(4.0 * label);
        let slope = 4.0 * p;
        Point::new("a push", of(kind, 0.25).of(&x, &w, &target), [(-4.0 * label).exp().ln_1p()])
            .gradient(&x, [0.0, slope / 3.0])
            .gradient(&w, [0.0, 0.0, slope / 5.0, 0.0])
            .parts([((-4.0 * label).exp().ln_1p(), 1.0)])
    };
    check([point(MarginKind::Cosface, 0.75), point(MarginKind::Arcface, 0.25f64.cos())]);
}

/// A row, the label's class at this angle to the row, and another class at a right angle.
fn at(angle: f64) -> [Array; 3] {
    let w = floats(&[angle.cos(), angle.sin(), 0.0, 0.0, 0.0, 2.0], &[2, 3]);
    [floats(&[1.0, 0.0, 0.0], &[1, 3]), w, labels(&[0])]
}

fn an_angle_is_widened_until_it_would_be_half_a_turn() {
    let m = 0.5;
    let turned = |angle: f64| ((angle + m).cos(), (angle + m).sin());
    // beyond half a turn the logit's derivative with respect to the cosine is 1, so with respect to the angle it is the
    // sine
    let beyond = |angle: f64| (angle.cos() - m * m.sin(), angle.sin());
    let half = std::f64::consts::PI;
    let points = [
        ("a right angle", half / 2.0, turned(half / 2.0)),
        ("a third", half / 3.0, turned(half / 3.0)),
        ("just within", half - m - 1e-3, turned(half - m - 1e-3)),
        ("just beyond", half - m + 1e-3, beyond(half - m + 1e-3)),
        ("far beyond", half - 0.1, beyond(half - 0.1)),
    ];
    check(points.map(|(name, angle, (label, slope))| {
        let [x, w, target] = at(angle);
        let p = second(4.0 * label);
        let loss = if label > 0.0 { (-4.0 * label).exp().ln_1p() } else { (4.0 * label).exp().ln_1p() - 4.0 * label };
        let point = Point::new(name, of(MarginKind::Arcface, 0.5).of(&x, &w, &target), [loss]);
        let point = point.gradient(&x, [0.0, -4.0 * p * slope, 4.0 * p]);
        Point { rtol: 1e-12, ..point }
    }));
}

fn vectors_that_point_the_same_way_or_against_each_other_have_no_slope() {
    let w = floats(&[0.6, 0.8, -0.6, -0.8], &[2, 2]);
    for kind in KINDS {
        for length in [1.0, 3.0, 0.1] {
            let x = floats(&[0.6 * length, 0.8 * length], &[1, 2]);
            for label in [0, 1] {
                let (outcome, gradients) =
                    cpu::gradients(&of(kind, 0.5).of(&x, &w, &labels(&[label])), [&x, &w]).unwrap();
                let loss = outcome.loss().unwrap();
                assert!(loss.is_finite() && (label == 0) == (loss < 0.1), "{kind:?} {label}: {loss}");
                let nothing = gradients.iter().flat_map(Array::to_f64).all(|d| d.abs() <= 1e-13);
                assert!(nothing, "{kind:?} {label}: {gradients:?}");
            }
        }
    }
}

/// The gradient is proportional to the sine of the widened angle, however small the angle itself is. The angle's cosine is
/// 1 in f64.
fn a_small_angle_keeps_its_digits() {
    for angle in [1e-3f64, 1e-6, 1e-9] {
        let x = floats(&[1.0, 0.0, 0.0], &[1, 3]);
        let w = floats(&[1.0, angle.tan(), 0.0, 0.0, 0.0, 2.0], &[2, 3]);
        let (label, slope) = ((angle + 0.5).cos(), (angle + 0.5).sin());
        let term = of(MarginKind::Arcface, 0.5).of(&x, &w, &labels(&[0]));
        let (outcome, [gradient]) = cpu::gradients(&term, [&x]).unwrap();
        let (want, p) = ((-4.0 * label).exp().ln_1p(), second(4.0 * label));
        assert!(
            (outcome.loss().unwrap() / want - 1.0).abs() <= 1e-14,
            "{angle}: {} of {want}",
            outcome.loss().unwrap()
        );
        // the gradient's direction comes from unit vectors, whose coordinates are rounded by 2^-53
        let (got, want) = (gradient.to_f64()[1], -4.0 * p * slope);
        assert!((got / want - 1.0).abs() <= 1e-15 / angle + 1e-13, "{angle}: {got}, not {want}");
    }
}

fn a_vector_of_zeros_has_a_cosine_of_0_and_no_gradient() {
    let w = floats(&[1.0, 0.0, 0.0, 0.0], &[2, 2]);
    let x = floats(&[0.0, 0.0, 3.0, 4.0], &[2, 2]);
    for kind in KINDS {
        // a vector at a right angle to both classes; with the margin the cosine is −m, or that of π/2 + m
        let margin = if kind == MarginKind::Cosface { 0.25 } else { 0.25f64.sin() };
        let term = of(kind, 0.25).of(&x, &w, &labels(&[0, 1])).reduce(Reduction::None);
        let (outcome, [of_x, of_w]) = cpu::gradients(&term, [&x, &w]).unwrap();
        let (got, want) = (outcome.tensor().to_f64()[0], (4.0 * margin).exp().ln_1p());
        assert!((got - want).abs() <= 1e-14, "{kind:?}: {got}, not {want}");
        let (of_x, of_w) = (of_x.to_f64(), of_w.to_f64());
        assert_eq!((of_x[0], of_x[1], of_w[2], of_w[3]), (0.0, 0.0, 0.0, 0.0), "{kind:?}");
        assert!(of_x[3] != 0.0 && of_w[1] != 0.0, "{kind:?}: {of_x:?}, {of_w:?}");
    }
}

fn the_length_of_a_vector_only_divides_its_gradient() {
    let (w, target) = (floats(&[1.0, 0.5, -1.0, 2.0, 0.25, 0.125], &[3, 2]), labels(&[2]));
    let of_length = |length: f64, kind| {
        let x = floats(&[3.0 * length, -4.0 * length], &[1, 2]);
        let (outcome, [of_x, of_w]) = cpu::gradients(&of(kind, 0.5).of(&x, &w, &target), [&x, &w]).unwrap();
        let of_x = of_x.to_f64().into_iter().map(|d| d * length).collect::<Vec<_>>();
        [vec![outcome.loss().unwrap()], of_x, of_w.to_f64()].concat()
    };
    for kind in KINDS {
        let want = of_length(1.0, kind);
        for length in [1e-7, 1e-3, 1e9, 1e38, 1e100] {
            for (got, want) in of_length(length, kind).iter().zip(&want) {
                assert!((got - want).abs() <= 1e-13 * want.abs(), "{length}: {got}, not {want}");
            }
        }
    }
}

/// Such a vector is divided by a constant. So its cosines shrink with its length, and gradients pass without a projection.
fn vectors_below_the_least_norm_are_divided_by_it() {
    let (x, w) = (floats(&[1e-9, 0.0], &[1, 2]), floats(&[1.0, 0.0, 0.0, 1.0], &[2, 2]));
    let label = 0.1 - 0.25;
    let p = second(4.0 * label);
    let point =
        Point::new("short", of(MarginKind::Cosface, 0.25).of(&x, &w, &labels(&[0])), [(-4.0 * label).exp().ln_1p()]);
    let m = 0.25f64;
    // the angle whose cosine is 0.1
    let wide = 0.1 * m.cos() - (1.0f64 - 0.01).sqrt() * m.sin();
    let turned = m.cos() + 0.1 * m.sin() / (1.0f64 - 0.01).sqrt();
    let of_wide = second(4.0 * wide);
    let arcface = of(MarginKind::Arcface, 0.25).of(&x, &w, &labels(&[0]));
    check([
        Point { rtol: 1e-12, ..point.gradient(&x, [-4e8 * p, 4e8 * p]) },
        Point {
            rtol: 1e-12,
            ..Point::new("short", arcface, [(-4.0 * wide).exp().ln_1p()])
                .gradient(&x, [-4e8 * of_wide * turned, 4e8 * of_wide])
        },
    ]);
}

fn without_a_margin_it_is_a_linear_layer_of_unit_vectors() {
    let units = |rows: [[f64; 2]; 3], s: f64| {
        let unit = |[a, b]: [f64; 2]| [a, b].map(|x| s * x / a.hypot(b));
        floats(&rows.map(unit).concat(), &[3, 2])
    };
    let (x, w) = ([[1.0, -2.0], [0.5, 3.0], [-1.0, -1.0]], [[1.0, 0.5], [-1.0, 2.0], [0.25, 0.0]]);
    let (features, weight) = (floats(&x.concat(), &[3, 2]), floats(&w.concat(), &[3, 2]));
    let (target, mask) = (labels(&[2, -100, 0]), floats(&[1.0, 1.0, 1.0], &[3]));
    for kind in KINDS {
        let loss = MarginSoftmax { kind, s: 8.0, m: 0.0, label_smoothing: 0.125, ..Default::default() };
        let plain = LinearCrossEntropy { label_smoothing: 0.125, ..Default::default() };
        let got = cpu::value(&loss.of(&features, &weight, &target).with(Extra::Mask, &mask)).unwrap();
        let want = cpu::value(&plain.of(&units(x, 8.0), &units(w, 1.0), &target).with(Extra::Mask, &mask)).unwrap();
        let (got, want) = (got.loss().unwrap(), want.loss().unwrap());
        assert!((got - want).abs() <= 1e-13 * want, "{kind:?}: {got}, not {want}");
    }
}

fn what_is_not_finite_is_seen_by_the_rows_that_take_part() {
    let w = floats(&[1.0, 0.5, -1.0, 2.0], &[2, 2]);
    for (kind, bad) in KINDS.into_iter().flat_map(|kind| [f64::NAN, f64::INFINITY].map(|bad| (kind, bad))) {
        let x = floats(&[bad, 1.0, 1.0, 2.0, bad, bad], &[3, 2]);
        let term = of(kind, 0.25).of(&x, &w, &labels(&[0, 1, -100])).reduce(Reduction::None);
        let (outcome, [of_x]) = cpu::gradients(&term, [&x]).unwrap();
        let (values, of_x) = (outcome.tensor().to_f64(), of_x.to_f64());
        assert!(values[0].is_nan() && values[1].is_finite() && values[2] == 0.0, "{kind:?} {bad}: {values:?}");
        assert!(of_x[0].is_nan() && of_x[2].is_finite() && of_x[4..] == [0.0, 0.0], "{kind:?} {bad}: {of_x:?}");
        // a class that is not finite makes every softmax NaN
        let unknown = floats(&[1.0, 0.5, bad, 2.0], &[2, 2]);
        let term = of(kind, 0.25).of(&w, &unknown, &labels(&[0, 0])).reduce(Reduction::None);
        assert!(cpu::value(&term).unwrap().tensor().to_f64().iter().all(|loss| loss.is_nan()), "{kind:?} {bad}");
        // and with it the gradient of every row, also of a vector of zeros
        let zeros = floats(&[0.0, 0.0], &[1, 2]);
        let (_, [of_zeros]) = cpu::gradients(&of(kind, 0.25).of(&zeros, &unknown, &labels(&[0])), [&zeros]).unwrap();
        assert!(of_zeros.to_f64().iter().all(|d| d.is_nan()), "{kind:?} {bad}: {of_zeros:?}");
    }
}
