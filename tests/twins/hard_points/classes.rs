//! Hard points of the losses over classes: confident rows, masked classes, ignored labels, weights of 0, two denominators.

use crate::harness::tests;
use crate::point::{Point, check, floats, labels, row};
use libtest_mimic::Trial;
use std::f64::consts::LN_2;
use wgloss::{Array, CrossEntropy, Distillation, Extra, Reduction, SmoothOver, SoftmaxFocal, Term};

pub fn tests() -> Vec<Trial> {
    tests![
        a_confident_right_answer_keeps_its_digits,
        cross_entropy_of_masked_classes,
        cross_entropy_of_what_is_ignored,
        the_denominators_of_cross_entropy,
        a_class_weight_of_0_is_a_factor,
        a_single_class_is_no_question,
        a_soft_cap_bounds_logits_but_masks,
        softmax_focal_at_extreme_logits,
        softmax_focal_divides_by_the_count_and_leaves_out_what_is_ignored,
    ]
}

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

fn logits(rows: &[[f64; 2]]) -> Array {
    floats(&rows.concat(), &[rows.len(), 2])
}

/// The cross-entropy of one row of two logits.
fn one(loss: &CrossEntropy, row: [f64; 2], label: i32) -> (Array, Term<Array>) {
    let x = logits(&[row]);
    let term = loss.of(&x, &labels(&[label]));
    (x, term)
}

/// A GPU must be right to 1e-4 of a loss as small as 1e-8. The twin must be right to its last digits.
fn a_confident_right_answer_keeps_its_digits() {
    let mut points = Vec::new();
    for gap in [0.5f64, 5.0, 18.42, 40.0, 300.0, 700.0] {
        // −log(1/(1 + e^−gap)), and the probability of the other class
        let (loss, other) = ((-gap).exp().ln_1p(), (-gap).exp() / (1.0 + (-gap).exp()));
        for shift in [0.0, 1e3] {
            let (x, term) = one(&CrossEntropy::default(), [gap + shift, shift], 0);
            // added to 1000, the gap is rounded by about 1e-13, which is also the relative error of e^−gap
            let rtol = if shift == 0.0 { 1e-13 } else { 1e-12 * gap.max(1.0) };
            let point = Point::new("cross-entropy", term, [loss]).gradient(&x, [-other, other]);
            points.push(Point { rtol, ..point });
            let x = logits(&[[gap + shift, shift]]);
            let term = SoftmaxFocal { gamma: 2.0, ..Default::default() }.of(&x, &labels(&[0]));
            points.push(Point { rtol: 3.0 * rtol, ..Point::new("softmax focal", term, [other * other * loss]) });
        }
    }
    // one right class and a thousand others
    let mut many = vec![0.0; 1001];
    many[7] = 30.0;
    let x = floats(&many, &[1, 1001]);
    let others = 1000.0 * (-30f64).exp();
    let term = CrossEntropy::default().of(&x, &labels(&[7]));
    points.push(Point { rtol: 1e-12, ..Point::new("many classes", term, [others.ln_1p()]) });
    check(points);
}

fn cross_entropy_of_masked_classes() {
    let plain = CrossEntropy::default();
    let smoothed = CrossEntropy { label_smoothing: 0.5, ..Default::default() };
    // each of the two classes that are not masked has half of the smoothed half
    let spared = CrossEntropy { smooth_over: SmoothOver::Finite, ..smoothed.clone() };
    let x = floats(&[0.0, -INF, 0.0], &[1, 3]);
    let weighted = spared.of(&x, &labels(&[2])).weight(&floats(&[1.0, 8.0, 3.0], &[3])).reduce(Reduction::Sum);
    let z = CrossEntropy { z_loss: 0.5, ..Default::default() };
    let (right, right_term) = one(&plain, [0.0, -INF], 0);
    let (wrong, wrong_term) = one(&plain, [0.0, -INF], 1);
    let (third, three) = {
        let x = floats(&[0.0, -INF, 0.0], &[1, 3]);
        (x.clone(), plain.of(&x, &labels(&[2])))
    };
    let probabilities = |q: [f64; 2]| plain.of(&right, &logits(&[q]));
    check([
        Point::new("the other class", right_term, [0.0]).gradient(&right, [0.0, 0.0]),
        Point::new("the right class", wrong_term, [INF]).gradient(&wrong, [1.0, -1.0]),
        Point::new("one of three", three, [LN_2]).gradient(&third, [0.5, 0.0, -0.5]),
        Point::new("smoothed", one(&smoothed, [0.0, -INF], 0).1, [INF]),
        Point::new("smoothed over the others", one(&spared, [0.0, -INF], 0).1, [0.0]),
        Point::new("not over the label", one(&spared, [0.0, -INF], 1).1, [INF]),
        Point::new("smoothed and weighted", weighted, [(0.25 * 1.0 + 0.75 * 3.0) * LN_2])
            .gradient(&x, [0.5 * 2.5 - 0.25, 0.0, 0.5 * 2.5 - 2.25]),
        Point::new("a z-loss does not see it", one(&z, [2.0, -INF], 0).1, [0.5 * 4.0]),
        Point::new("no probability there", probabilities([1.0, 0.0]), [0.0]).gradient(&right, [0.0, 0.0]),
        Point::new("a probability there", probabilities([0.5, 0.5]), [INF]),
        Point::new("all masked", one(&plain, [-INF, -INF], 0).1, [NAN]),
        Point::new("+inf has no softmax", one(&plain, [INF, 0.0], 0).1, [NAN]),
    ]);
}

fn a_soft_cap_bounds_logits_but_masks() {
    // 2·tanh(log(3)/2) is 1, and the slope there is 1 − ½²
    let capped = CrossEntropy { softcap: Some(2.0), ..Default::default() };
    let z = CrossEntropy { z_loss: 0.5, ..capped.clone() };
    let smoothed = CrossEntropy { label_smoothing: 0.5, ..capped.clone() };
    let three = 3f64.ln();
    let e = 1f64.exp();
    let (other, lse) = (1.0 / (1.0 + e), (1.0 + e).ln());
    let (x, right) = one(&capped, [three, 0.0], 0);
    let (masked, one_masked) = one(&capped, [three, -INF], 0);
    let (above, infinite) = one(&capped, [INF, 0.0], 0);
    let (far, both_far) = one(&capped, [1e5, -1e5], 0);
    let (dense, of_dense) = {
        let x = logits(&[[three, 0.0]]);
        (x.clone(), capped.of(&x, &logits(&[[0.25, 0.75]])))
    };
    let focal = SoftmaxFocal { gamma: 0.0, softcap: Some(2.0), ..Default::default() };
    let teacher = logits(&[[0.0, 0.0]]);
    let distilled = Distillation::new().softcap(2.0).of(&x, &teacher);
    let from_capped = Distillation::new().softcap(2.0).of(&teacher, &x);
    let half = 0.5 * LN_2;
    let at_cap = (-4f64).exp();
    check(
        [
            Point::new("the label's", right, [lse - 1.0]).gradient(&x, [-0.75 * other, other]),
            Point::new("a z-loss", one(&z, [three, 0.0], 0).1, [lse - 1.0 + 0.5 * lse * lse]),
            Point::new("smoothed", one(&smoothed, [three, 0.0], 0).1, [0.75 * (lse - 1.0) + 0.25 * lse]),
            Point::new("probabilities", of_dense, [0.25 * (lse - 1.0) + 0.75 * lse])
                .gradient(&dense, [0.75 * (0.75 - other), other - 0.75]),
            Point::new("a masked class", one_masked, [0.0]).gradient(&masked, [0.0, 0.0]),
            Point::new("the label is masked", one(&capped, [three, -INF], 1).1, [INF]),
            Point::new("+inf is the cap", infinite, [(-2f64).exp().ln_1p()])
                .gradient(&above, [0.0, 1.0 / (1.0 + 2f64.exp())]),
            Point::new("far out", both_far, [at_cap.ln_1p()]).gradient(&far, [0.0, 0.0]),
            Point::new("NaN", one(&capped, [NAN, 0.0], 0).1, [NAN]),
            Point::new("the focal loss", focal.of(&x, &labels(&[0])), [lse - 1.0]).gradient(&x, [-0.75 * other, other]),
            // ½·log(½/p) + ½·log(½/(1 − p)) for p = 1 − other
            Point::new("a student", distilled, [lse - 0.5 - LN_2]).gradient(&x, [0.75 * (0.5 - other), other - 0.5]),
            Point::new("a teacher", from_capped, [(1.0 - other) * (1.0 - lse) - other * lse + 2.0 * half])
                .gradient(&teacher, [other - 0.5, 0.5 - other]),
        ]
        .map(|point| Point { rtol: 1e-12, ..point }),
    );
}

fn cross_entropy_of_what_is_ignored() {
    let x = logits(&[[NAN, NAN], [0.0, 0.0]]);
    let plain = CrossEntropy::default();
    let ignoring = |ignore_index| CrossEntropy { ignore_index, ..Default::default() };
    let kept = [0.0, 0.0, 0.5, -0.5];
    let inside = logits(&[[NAN, NAN], [0.0, 0.0]]);
    let dense = logits(&[[0.0, 0.0], [0.0, 0.0]]);
    check([
        Point::new("an ignored row of NaN", plain.of(&x, &labels(&[-100, 1])), [LN_2])
            .gradient(&x, kept)
            .parts([(LN_2, 1.0)]),
        Point::new("not reduced", plain.of(&x, &labels(&[-100, 1])).reduce(Reduction::None), [0.0, LN_2])
            .gradient(&x, kept),
        Point::new("an ignored class", ignoring(0).of(&inside, &labels(&[0, 1])), [LN_2]).gradient(&inside, kept),
        Point::new("a label of 255", ignoring(255).of(&x, &Array::new(&[255u8, 1], [2]).unwrap()), [LN_2]),
        Point::new("all ignored", plain.of(&x, &labels(&[-100, -100])), [NAN])
            .gradient(&x, [0.0; 4])
            .parts([(0.0, 0.0)]),
        Point::new("a sum of nothing", plain.of(&x, &labels(&[-100, -100])).reduce(Reduction::Sum), [0.0])
            .gradient(&x, [0.0; 4]),
        Point::new("masked and ignored", plain.of(&x, &labels(&[0, -100])).with(Extra::Mask, &row(&[0.0, 1.0])), [NAN])
            .gradient(&x, [0.0; 4]),
        Point::new("a masked row of NaN", plain.of(&x, &labels(&[0, 1])).with(Extra::Mask, &row(&[0.0, 1.0])), [LN_2])
            .gradient(&x, kept)
            .parts([(LN_2, 1.0)]),
        Point::new("an unmasked NaN", plain.of(&x, &labels(&[0, 1])).reduce(Reduction::Sum), [NAN])
            .gradient(&x, [NAN, NAN, 0.5, -0.5]),
        Point::new(
            "a NaN where no class has a share",
            plain.of(&x, &logits(&[[0.0; 2]; 2])).reduce(Reduction::Sum),
            [NAN],
        ),
        Point::new(
            "probabilities are never ignored",
            ignoring(0).of(&dense, &logits(&[[0.0, 1.0], [1.0, 0.0]])),
            [LN_2],
        )
        .parts([(2.0 * LN_2, 2.0)]),
    ]);
}

fn the_denominators_of_cross_entropy() {
    let x = logits(&[[0.0, 0.0], [0.0, 0.0], [3.0, 3.0]]);
    let t = labels(&[0, 1, -100]);
    let w = row(&[0.5, 2.0]);
    let q = logits(&[[1.0, 0.0], [0.0, 1.0], [0.25, 0.75]]);
    let loss = |label_smoothing: f32, z_loss: f32| CrossEntropy { label_smoothing, z_loss, ..Default::default() };
    let z = LN_2 * LN_2;
    let high = (3.0 + LN_2) * (3.0 + LN_2);
    check([
        Point::new("no weights", loss(0.0, 0.0).of(&x, &t), [LN_2]).parts([(2.0 * LN_2, 2.0)]),
        Point::new("weights of labels", loss(0.0, 0.0).of(&x, &t).with(Extra::Weight, &w), [LN_2])
            .parts([(2.5 * LN_2, 2.5)]),
        // smoothing: (1 − ε)·w[t]·log 2 + ε/2·(w[0] + w[1])·log 2
        Point::new("smoothing carries the weights", loss(0.5, 0.0).of(&x, &t).with(Extra::Weight, &w), [LN_2])
            .parts([((0.5 * 2.5 + 2.0 * 0.25 * 2.5) * LN_2, 2.5)]),
        // the z-loss is unweighted, and divided by the number of positions that are not ignored
        Point::new("two parts", loss(0.0, 0.5).of(&x, &t).with(Extra::Weight, &w), [LN_2 + 0.5 * z])
            .parts([(2.5 * LN_2, 2.5), (z, 2.0)]),
        Point::new("two parts, summed", loss(0.0, 0.5).of(&x, &t).reduce(Reduction::Sum), [2.0 * LN_2 + z])
            .parts([(2.0 * LN_2, 1.0), (z, 1.0)]),
        Point::new(
            "two parts, not reduced",
            loss(0.0, 0.5).of(&x, &t).reduce(Reduction::None),
            [LN_2 + 0.5 * z, LN_2 + 0.5 * z, 0.0],
        ),
        Point::new(
            "two parts over a number of the caller's",
            loss(0.0, 0.5).of(&x, &t).divide_by(4.0),
            [(2.0 * LN_2 + z) / 4.0],
        )
        .parts([(2.0 * LN_2, 4.0), (z, 4.0)]),
        // with probabilities the mean divides by the number of positions, whatever the weights
        Point::new("probabilities", loss(0.0, 0.0).of(&x, &q).with(Extra::Weight, &w), [4.125 * LN_2 / 3.0])
            .parts([(4.125 * LN_2, 3.0)]),
        Point::new("probabilities and a z-loss", loss(0.0, 0.5).of(&x, &q), [LN_2 + 0.5 * (2.0 * z + high) / 3.0])
            .parts([(3.0 * LN_2, 3.0), (0.5 * (2.0 * z + high), 3.0)]),
        Point::new(
            "probabilities under a mask",
            loss(0.0, 0.0).of(&x, &q).with(Extra::Mask, &row(&[1.0, 0.0, 0.0])),
            [LN_2],
        )
        .parts([(LN_2, 1.0)]),
    ]);
}

fn a_class_weight_of_0_is_a_factor() {
    let x = logits(&[[0.0, 0.0], [0.0, 0.0]]);
    let nan = logits(&[[NAN, 0.0], [0.0, 0.0]]);
    let w = row(&[0.0, 2.0]);
    let plain = CrossEntropy::default();
    let focal = SoftmaxFocal { gamma: 0.0, ..Default::default() };
    let of = |x: &Array, t: [i32; 2]| plain.of(x, &labels(&t)).with(Extra::Weight, &w);
    check([
        Point::new("one label", of(&x, [0, 1]), [LN_2]).gradient(&x, [0.0, 0.0, 0.5, -0.5]).parts([(2.0 * LN_2, 2.0)]),
        Point::new("all labels", of(&x, [0, 0]), [NAN]).gradient(&x, [0.0; 4]).parts([(0.0, 0.0)]),
        Point::new("not reduced", of(&x, [0, 1]).reduce(Reduction::None), [0.0, 2.0 * LN_2]),
        Point::new("a NaN under it", of(&nan, [0, 1]).reduce(Reduction::None), [NAN, 2.0 * LN_2]),
        Point::new("the focal loss counts it", focal.of(&x, &labels(&[0, 1])).with(Extra::Alpha, &w), [LN_2])
            .parts([(2.0 * LN_2, 2.0)]),
    ]);
}

fn a_single_class_is_no_question() {
    let x = floats(&[5.0, -INF], &[2, 1]);
    let term = CrossEntropy::default().of(&x, &labels(&[0, -100]));
    check([Point::new("one class", term, [0.0]).gradient(&x, [0.0, 0.0])]);
}

fn softmax_focal_at_extreme_logits() {
    let mut points = Vec::new();
    for gamma in [0.0f32, 0.5, 1.0, 2.0, 5.0] {
        let loss = SoftmaxFocal { gamma, ..Default::default() };
        let g = f64::from(gamma);
        for far in [750.0, 1e4] {
            let x = logits(&[[far, 0.0]]);
            points.push(Point::new("right with certainty", loss.of(&x, &labels(&[0])), [0.0]).gradient(&x, [0.0, 0.0]));
            // 1 − p_t is 1, so the loss is the gap itself
            points
                .push(Point::new("wrong with certainty", loss.of(&x, &labels(&[1])), [far]).gradient(&x, [1.0, -1.0]));
        }
        let x = logits(&[[0.0, 0.0]]);
        // L = (1 − p)^γ·(−log p) at p = ½: dL/dp = −γ·½^(γ−1)·log 2 − ½^γ·2, and dp/dx is ¼
        let slope = 0.25 * (g * 0.5f64.powf(g - 1.0) * LN_2 + 0.5f64.powf(g) * 2.0);
        points.push(
            Point::new("in the middle", loss.of(&x, &labels(&[0])), [0.5f64.powf(g) * LN_2])
                .gradient(&x, [-slope, slope]),
        );
        let masked = logits(&[[0.0, -INF]]);
        points.push(
            Point::new("the other class masked", loss.of(&masked, &labels(&[0])), [0.0]).gradient(&masked, [0.0, 0.0]),
        );
        points.push(
            Point::new("the right class masked", loss.of(&masked, &labels(&[1])), [INF]).gradient(&masked, [1.0, -1.0]),
        );
    }
    check(points);
}

fn softmax_focal_divides_by_the_count_and_leaves_out_what_is_ignored() {
    let x = logits(&[[NAN, NAN], [0.0, 0.0], [0.0, 0.0]]);
    let focal = SoftmaxFocal { gamma: 0.0, ..Default::default() };
    let alpha = row(&[0.5, 3.0]);
    let mask = row(&[0.0, 1.0, 1.0]);
    check([
        Point::new(
            "alpha is no denominator",
            focal.of(&x, &labels(&[-100, 0, 1])).with(Extra::Alpha, &alpha),
            [1.75 * LN_2],
        )
        .gradient(&x, [0.0, 0.0, -0.125, 0.125, 0.75, -0.75])
        .parts([(3.5 * LN_2, 2.0)]),
        Point::new("a masked NaN", focal.of(&x, &labels(&[1, 0, 1])).with(Extra::Mask, &mask), [LN_2])
            .gradient(&x, [0.0, 0.0, -0.25, 0.25, 0.25, -0.25])
            .parts([(2.0 * LN_2, 2.0)]),
        Point::new("all ignored", focal.of(&x, &labels(&[-100; 3])), [NAN]).gradient(&x, [0.0; 6]),
        Point::new("an unmasked NaN", focal.of(&x, &labels(&[0, 0, 0])).reduce(Reduction::None), [NAN, LN_2, LN_2]),
    ]);
}
