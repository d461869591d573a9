//! Hard points of the losses of binary targets and of qualities: extreme logits, the edge of a margin, smoothed targets.

use crate::harness::tests;
use crate::point::{Point, check, row};
use libtest_mimic::Trial;
use std::f64::consts::LN_2;
use wgloss::{Asymmetric, BceWithLogits, Extra, QualityFocal, Reduction, SigmoidFocal, Tweedie, Varifocal, Wing};

pub fn tests() -> Vec<Trial> {
    tests![
        asymmetric_at_its_margin_and_far_out,
        qualities_that_are_met_and_far_out,
        smoothed_targets_are_never_sure,
        amounts_of_0_and_landmarks_far_off,
    ]
}

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

fn asymmetric_at_its_margin_and_far_out() {
    let of = |loss: Asymmetric, x: f64, t: f64| {
        let x = row(&[x]);
        (x.clone(), loss.of(&x, &row(&[t])).reduce(Reduction::Sum))
    };
    let plain = || Asymmetric::new().gamma_neg(0.0).clip(0.0);
    let half = || Asymmetric::new().gamma_neg(0.0).clip(0.5);
    let mut points = Vec::new();
    for (name, loss, x, t, want, slope) in [
        // without powers and margin it is binary cross-entropy
        ("a positive, far below", plain(), -1e4, 1.0, 1e4, -1.0),
        ("a negative, far above", plain(), 1e4, 0.0, 1e4, 1.0),
        ("a negative, far below", plain(), -700.0, 0.0, (-700f64).exp(), (-700f64).exp()),
        // p_m is at most 1 − clip, so a negative costs at most −log clip
        ("a negative beyond the margin", half(), 1e4, 0.0, LN_2, 0.0),
        ("a negative within the margin", half(), -0.5, 0.0, 0.0, 0.0),
        // p is exactly the margin: the slope is that for greater p, p·(1 − p)/(1 − p_m)
        ("a negative at the margin", half(), 0.0, 0.0, 0.0, 0.25),
        ("a margin of 1", Asymmetric::new().clip(1.0), 5.0, 0.0, 0.0, 0.0),
        // p_m is ½ and its fourth power 1/16: −log ½/16, with and without the slope of the power
        ("the default power", Asymmetric::new().clip(0.0), 0.0, 0.0, LN_2 / 16.0, (2.0 * LN_2 + 0.5) / 16.0),
        ("a constant power", Asymmetric::new().clip(0.0).through_focus(false), 0.0, 0.0, LN_2 / 16.0, 0.5 / 16.0),
        ("a target between", plain(), 0.0, 0.25, LN_2, 0.25),
    ] {
        let (x, term) = of(loss, x, t);
        points.push(Point::new(name, term, [want]).gradient(&x, [slope]));
    }
    points.push(Point::new("a NaN", of(plain(), NAN, 1.0).1, [NAN]));
    points.push(Point::new("an infinity, right", of(plain(), INF, 1.0).1, [NAN]));
    let (x, t) = (row(&[0.0, NAN]), row(&[1.0, 0.0]));
    let term = plain().of(&x, &t).with(Extra::Weight, &row(&[2.0, 5.0])).with(Extra::Mask, &row(&[1.0, 0.0]));
    points.push(Point::new("weights and a mask", term, [LN_2]).gradient(&x, [-0.5, 0.0]).parts([(2.0 * LN_2, 2.0)]));
    check(points);
}

fn qualities_that_are_met_and_far_out() {
    let mut points = Vec::new();
    for (name, beta, x, t, want, slope) in [
        ("a quality that is met", 2.0, 0.0, 0.5, 0.0, 0.0),
        ("a quality that is met, with a steep power", 0.5, 0.0, 0.5, 0.0, 0.0),
        ("far above", 2.0, 1e4, 0.0, 1e4, 1.0),
        ("far below", 2.0, -1e4, 1.0, 1e4, -1.0),
        ("no power", 0.0, 0.0, 1.0, LN_2, -0.5),
        // p is almost 1, so p − t is 1 − t, or 2⁻²⁰
        (
            "a quality of almost 1",
            1.0,
            40.0,
            1.0 - 2f64.powi(-20),
            2f64.powi(-20) * 40.0 * 2f64.powi(-20),
            2f64.powi(-40),
        ),
    ] {
        let x = row(&[x]);
        let term = QualityFocal::new().beta(beta).of(&x, &row(&[t])).reduce(Reduction::Sum);
        // the terms that the approximations above leave out are below 1e-8
        points.push(Point { rtol: 1e-8, ..Point::new(name, term, [want]).gradient(&x, [slope]) });
    }
    for (name, x, t, want, slope) in [
        ("a positive", 0.0, 0.5, 0.5 * LN_2, 0.0),
        ("a positive, far below", -1e4, 0.5, 0.25 * 1e4, -0.25),
        ("a negative", 0.0, 0.0, 0.75 * 0.25 * LN_2, 0.75 * 0.25 * (LN_2 + 0.5)),
        ("a negative, far above", 1e4, 0.0, 0.75 * 1e4, 0.75),
        ("a negative, far below", -1e4, 0.0, 0.0, 0.0),
    ] {
        let x = row(&[x]);
        let term = Varifocal::default().of(&x, &row(&[t])).reduce(Reduction::Sum);
        points.push(Point::new(name, term, [want]).gradient(&x, [slope]));
    }
    points.push(Point::new("a NaN target", Varifocal::default().of(&row(&[0.0]), &row(&[NAN])), [NAN]));
    check(points);
}

fn smoothed_targets_are_never_sure() {
    let (x, t) = (row(&[1e4, -1e4]), row(&[1.0, 0.0]));
    // a quarter of the target is on the wrong side
    let smooth = BceWithLogits::new().label_smoothing(0.5).of(&x, &t).reduce(Reduction::None);
    let focal = SigmoidFocal::new().label_smoothing(0.5).gamma(1.0).alpha(None).of(&x, &t).reduce(Reduction::None);
    let (one, zero) = (row(&[0.0, 0.0]), row(&[1.0, 1.0]));
    let by_class = SigmoidFocal::new().gamma(0.0).of(&one, &zero).reduce(Reduction::None);
    check([
        Point::new("right answers", smooth, [2500.0, 2500.0]).gradient(&x, [0.25, -0.25]),
        Point::new("focused", focal, [625.0, 625.0]).gradient(&x, [0.0625, -0.0625]),
        Point::new("a weight of each class", by_class.with(Extra::Alpha, &row(&[0.25, 1.0])), [0.25 * LN_2, LN_2])
            .gradient(&one, [-0.125, -0.5]),
    ]);
}

fn amounts_of_0_and_landmarks_far_off() {
    let x = row(&[-1e4, 2.0, -2.0]);
    let amounts = Tweedie { p: 1.5 }.of(&x, &row(&[0.0, 0.0, 1.0])).reduce(Reduction::None);
    let (e, near) = (1f64.exp(), row(&[0.0, 10.0, -10.0, 1e30]));
    let wing = Wing::default().of(&near, &row(&[0.0; 4])).reduce(Reduction::None);
    let edge = 10.0 * 6f64.ln();
    check([
        Point::new("amounts", amounts, [0.0, 2.0 * e, 2.0 / e + 2.0 * e]).gradient(&x, [0.0, e, 1.0 / e - e]),
        Point::new("landmarks", wing, [0.0, edge, edge, 1e30]).gradient(&near, [0.0, 1.0, -1.0, 1.0]),
    ]);
}
