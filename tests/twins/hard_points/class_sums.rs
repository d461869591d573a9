//! Hard points of the losses that are sums over classes, and of the divergence of two softmaxes.

use crate::harness::tests;
use crate::point::{Point, check, floats, labels, row};
use libtest_mimic::Trial;
use std::f64::consts::LN_2;
use wgloss::{
    Array, Distillation, DistillationDirection, Extra, MultiMargin, MultilabelSoftMargin, Nll, Reduction, SoftmaxFocal,
    Term, cpu,
};

pub fn tests() -> Vec<Trial> {
    tests![
        nll_picks_and_divides_by_the_weights,
        nll_of_masked_classes_and_of_a_nan_that_is_not_picked,
        multi_margin_at_its_kink_and_beyond,
        multi_margin_divides_by_the_rows_whatever_their_weights,
        multilabel_soft_margin_keeps_digits_and_knows_masked_classes,
        distillation_of_a_student_who_is_near,
        distillation_of_masked_classes,
        distillation_far_out_and_reduced,
        distillation_of_logits_that_lie_far_off_as_a_whole,
        distillation_in_other_directions,
        distillation_from_a_mixture_of_masked_and_sure_classes,
        nll_of_a_log_softmax_is_the_focal_loss_without_focus,
    ]
}

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

fn rows(rows: &[[f64; 2]]) -> Array {
    floats(&rows.concat(), &[rows.len(), 2])
}

fn nll_picks_and_divides_by_the_weights() {
    let x = rows(&[[-1.0, -2.0], [-4.0, -0.5], [NAN, NAN]]);
    let t = labels(&[1, 0, -100]);
    let nll = Nll::default();
    let w = row(&[3.0, 0.5]);
    check([
        Point::new("no weights", nll.of(&x, &t), [3.0])
            .gradient(&x, [0.0, -0.5, -0.5, 0.0, 0.0, 0.0])
            .parts([(6.0, 2.0)]),
        Point::new("weights", nll.of(&x, &t).with(Extra::Weight, &w), [13.0 / 3.5])
            .gradient(&x, [0.0, -0.5 / 3.5, -3.0 / 3.5, 0.0, 0.0, 0.0])
            .parts([(13.0, 3.5)]),
        Point::new("none", nll.of(&x, &t).with(Extra::Weight, &w).reduce(Reduction::None), [1.0, 12.0, 0.0]),
        Point::new("masked", nll.of(&x, &t).with(Extra::Mask, &row(&[0.0, NAN, 1.0])), [4.0])
            .gradient(&x, [0.0, 0.0, -1.0, 0.0, 0.0, 0.0]),
        Point::new("all ignored", nll.of(&x, &labels(&[-100; 3])), [NAN]).gradient(&x, [0.0; 6]).parts([(0.0, 0.0)]),
    ]);
}

fn nll_of_masked_classes_and_of_a_nan_that_is_not_picked() {
    let nll = |x: &Array, label: i32| Nll::default().of(x, &labels(&[label])).reduce(Reduction::Sum);
    let (masked, nan) = (rows(&[[0.0, -INF]]), rows(&[[-1.0, NAN]]));
    check([
        Point::new("another class masked", nll(&masked, 0), [0.0]).gradient(&masked, [-1.0, 0.0]),
        Point::new("the label's class masked", nll(&masked, 1), [INF]).gradient(&masked, [0.0, -1.0]),
        Point::new("of no weight", nll(&masked, 1).with(Extra::Weight, &row(&[1.0, 0.0])), [0.0])
            .gradient(&masked, [0.0, 0.0]),
        Point::new("a NaN beside the label", nll(&nan, 0), [NAN]).gradient(&nan, [NAN, NAN]),
    ]);
}

fn multi_margin_at_its_kink_and_beyond() {
    let loss = |p, margin| MultiMargin { p, margin };
    let of = |p, margin, x: &[f64], label| {
        let x = floats(x, &[1, x.len()]);
        (x.clone(), loss(p, margin).of(&x, &labels(&[label])))
    };
    // the other classes come too near to the label's logit of 2 by 0, ½ and 3
    let (x, term) = of(1, 1.0, &[2.0, 1.0, 1.5, 4.0], 0);
    let (square, squared) = of(2, 1.0, &[2.0, 1.0, 1.5, 4.0], 0);
    let (masked, of_masked) = of(1, 1.0, &[0.0, -INF, 0.0], 0);
    let (lost, of_lost) = of(2, 1.0, &[-INF, -INF, 0.0], 0);
    let (far, of_far) = of(2, 0.5, &[1e4, 0.0, 2e4], 0);
    let (nan, of_nan) = of(1, 1.0, &[9.0, NAN, 0.0], 0);
    // a weight of 0 removes a class, but not the NaN of two infinities
    let (undefined, of_undefined) = of(1, 1.0, &[INF, INF, 0.0], 0);
    let of_undefined = of_undefined.with(Extra::Weight, &row(&[0.0, 1.0, 1.0]));
    check([
        Point::new("equal infinities of no weight", of_undefined, [NAN]).gradient(&undefined, [NAN; 3]),
        Point::new("at 0 the slope is 0", term, [3.5 / 4.0]).gradient(&x, [-0.5, 0.0, 0.25, 0.25]),
        Point::new("squared", squared, [9.25 / 4.0]).gradient(&square, [-1.75, 0.0, 0.25, 1.5]),
        Point::new("a masked class", of_masked, [1.0 / 3.0]).gradient(&masked, [-1.0 / 3.0, 0.0, 1.0 / 3.0]),
        Point::new("the label masked", of_lost, [INF]).gradient(&lost, [-INF, 0.0, INF]),
        Point::new("far out", of_far, [10000.5 * 10000.5 / 3.0]).gradient(&far, [-20001.0 / 3.0, 0.0, 20001.0 / 3.0]),
        Point::new("a NaN that falls short of nothing", of_nan, [NAN]).gradient(&nan, [NAN; 3]),
        Point::new("one class", of(1, 1.0, &[5.0], 0).1, [0.0]),
    ]);
}

fn multi_margin_divides_by_the_rows_whatever_their_weights() {
    let x = rows(&[[0.0, 0.0], [0.0, 1.0], [NAN, 0.0]]);
    let term = |mask: &[f64; 3]| MultiMargin::default().of(&x, &labels(&[0, 0, 1])).with(Extra::Mask, &row(mask));
    let weights = row(&[3.0, 0.5]);
    check([
        Point::new("weights", term(&[1.0, 1.0, 0.0]).with(Extra::Weight, &weights), [2.25])
            .gradient(&x, [-0.75, 0.75, -0.75, 0.75, 0.0, 0.0])
            .parts([(4.5, 2.0)]),
        Point::new("none", term(&[1.0, 1.0, 0.0]).reduce(Reduction::None), [0.5, 1.0, 0.0]),
        Point::new("no row", term(&[0.0; 3]), [NAN]).gradient(&x, [0.0; 6]),
    ]);
}

fn multilabel_soft_margin_keeps_digits_and_knows_masked_classes() {
    let loss = MultilabelSoftMargin::default();
    let of = |x: [f64; 2], t: [f64; 2]| {
        let x = rows(&[x]);
        let term = loss.of(&x, &rows(&[t]));
        (x, term)
    };
    let small = (-40f64).exp();
    let (right, of_right) = of([40.0, -40.0], [1.0, 0.0]);
    let (far, of_far) = of([-1e4, 1e4], [1.0, 0.0]);
    let (even, of_even) = of([0.0, 0.0], [0.5, 1.0]);
    let (masked, of_masked) = of([-INF, 0.0], [0.0, 1.0]);
    check([
        // softplus(−40) is e^−40, but for a term of e^−80
        Point::new("right", of_right, [small]).gradient(&right, [-0.5 * small, 0.5 * small]),
        Point::new("far out", of_far, [1e4]).gradient(&far, [-0.5, 0.5]),
        Point::new("soft", of_even.clone(), [LN_2]).gradient(&even, [0.0, -0.25]),
        Point::new("weights", of_even.with(Extra::Weight, &row(&[3.0, 0.5])), [1.75 * LN_2])
            .gradient(&even, [0.0, -0.125])
            .parts([(1.75 * LN_2, 1.0)]),
        Point::new("a masked class that is not there", of_masked, [0.5 * LN_2]).gradient(&masked, [0.0, -0.25]),
        Point::new("a masked class that is", of([-INF, 0.0], [1.0, 1.0]).1, [INF]),
        Point::new("a NaN target", of([1.0, 0.0], [NAN, 1.0]).1, [NAN]),
    ]);
}

fn distil(temperature: f32, student: &[f64], teacher: &[f64]) -> (Array, Term<Array>) {
    let [student, teacher] = [student, teacher].map(|x| floats(x, &[1, x.len()]));
    (student.clone(), Distillation::new().temperature(temperature).of(&student, &teacher))
}

fn distil_from(beta: f32, student: &[f64], teacher: &[f64]) -> (Array, Term<Array>) {
    let [student, teacher] = [student, teacher].map(|x| floats(x, &[1, x.len()]));
    let loss = Distillation::new().direction(DistillationDirection::Js).beta(beta);
    (student.clone(), loss.of(&student, &teacher))
}

fn distillation_of_a_student_who_is_near() {
    let mut points = vec![];
    for (temperature, gap) in [(1.0f32, 1e-2f64), (1.0, 1e-4), (4.0, 1e-3), (0.5, 1e-5)] {
        // the teacher gives both classes ½: the loss is log cosh of half the gap over the temperature
        let t = f64::from(temperature);
        let half = gap / t / 2.0;
        let loss = t * t * half.powi(2) / 2.0 * (1.0 - half.powi(2) / 6.0 + half.powi(4) / 22.5);
        let slope = t * 0.5 * half.tanh();
        let (student, term) = distil(temperature, &[gap + 7.0, 7.0], &[3.0, 3.0]);
        // added to 7, the gap is rounded by about 1e-15, a relative error of 1e-15/gap, which the square doubles
        let point = Point::new("near", term, [loss]).gradient(&student, [slope, -slope]);
        points.push(Point { rtol: 1e-14 / gap.min(1e-3), ..point });
    }
    let (same, of_same) = distil(2.0, &[0.5, -3.0, 9.0], &[0.5, -3.0, 9.0]);
    points.push(Point::new("the teacher's own", of_same, [0.0]).gradient(&same, [0.0; 3]));
    check(points);
}

fn distillation_of_masked_classes() {
    let (both, of_both) = distil(1.0, &[0.0, 0.0, -INF], &[0.0, 3f64.ln(), -INF]);
    let (half, of_half) = distil(1.0, &[0.0, 0.0], &[0.0, -INF]);
    let (torn, of_torn) = distil(1.0, &[0.0, -INF], &[0.0, 0.0]);
    let mixed = 0.25 * 0.5f64.ln() + 0.75 * 1.5f64.ln();
    check(
        [
            Point::new("by both", of_both, [mixed]).gradient(&both, [0.25, -0.25, 0.0]),
            Point::new("by the teacher", of_half, [LN_2]).gradient(&half, [-0.5, 0.5]),
            Point::new("by the student", of_torn, [INF]).gradient(&torn, [0.5, -0.5]),
            Point::new("all of the teacher's", distil(1.0, &[0.0, 0.0], &[-INF, -INF]).1, [NAN]),
            Point::new("all of the student's", distil(1.0, &[-INF, -INF], &[0.0, 0.0]).1, [NAN]),
            Point::new("a NaN teacher", distil(1.0, &[0.0, 0.0], &[NAN, 0.0]).1, [NAN]),
            Point::new("an infinite logit", distil(1.0, &[0.0, INF], &[0.0, 0.0]).1, [NAN]),
        ]
        .map(|point| Point { rtol: 1e-12, ..point }),
    );
}

fn distillation_in_other_directions() {
    // the teacher gives ½ and ½, and the student ¾ and ¼; the mixture is ⅝ and ⅜
    let (student, teacher) = ([3f64.ln(), 0.0], [0.0, 0.0]);
    let of = |direction| {
        let [student, teacher] = [student, teacher].map(|x| floats(&x, &[1, 2]));
        (student.clone(), Distillation::new().direction(direction).temperature(1.0).of(&student, &teacher))
    };
    let (forward, of_forward) = of(DistillationDirection::Forward);
    let (reverse, of_reverse) = of(DistillationDirection::Reverse);
    let (js, of_js) = of(DistillationDirection::Js);
    let [three_halves, six_fifths] = [1.5f64.ln(), 1.2f64.ln()];
    let of_student = 0.75 * six_fifths + 0.25 * (2.0f64 / 3.0).ln();
    let of_teacher = 0.5 * 0.8f64.ln() + 0.5 * (4.0f64 / 3.0).ln();
    // the slope s·(log(s/m) − its mean) of class 0: ¾·¼·(log 6/5 − log 2/3)
    let slope = 3.0 / 16.0 * (six_fifths - (2.0f64 / 3.0).ln());
    let reverse_slope = 3.0 / 16.0 * 3f64.ln();
    check(
        [
            Point::new("forward", of_forward, [0.5 * (2.0f64 / 3.0).ln() + 0.5 * 2f64.ln()])
                .gradient(&forward, [0.25, -0.25]),
            Point::new("reverse", of_reverse, [0.75 * three_halves - 0.25 * 2f64.ln()])
                .gradient(&reverse, [reverse_slope, -reverse_slope]),
            Point::new("js", of_js, [0.5 * (of_student + of_teacher)]).gradient(&js, [0.5 * slope, -0.5 * slope]),
        ]
        .map(|point| Point { rtol: 1e-12, ..point }),
    );
    let ends = [(0.0, DistillationDirection::Forward), (1.0, DistillationDirection::Reverse)];
    for (beta, direction) in ends {
        let (student, at_end) = distil_from(beta, &[0.5, -1.0, 2.0], &[1.0, 0.25, -0.5]);
        let teacher = floats(&[1.0, 0.25, -0.5], &[1, 3]);
        let other = Distillation::new().direction(direction).of(&student, &teacher);
        let (value, [d]) = cpu::gradients(&other, [&student]).unwrap();
        let point = Point::new("an end of js", at_end, [value.loss().unwrap()]);
        check([point.gradient(&student, d.to_f64())]);
    }
}

fn distillation_from_a_mixture_of_masked_and_sure_classes() {
    // if only one of the two masks a class, the mixture has half of the other's probability, which costs log 2 times this
    // probability
    let (by_teacher, of_teacher) = distil_from(0.5, &[0.0, 0.0], &[0.0, -INF]);
    let (by_student, of_student) = distil_from(0.5, &[0.0, -INF], &[0.0, 0.0]);
    let (both, of_both) = distil_from(0.5, &[0.0, 0.0, -INF], &[0.0, 0.0, -INF]);
    let (reverse, of_reverse) = distil_from(1.0, &[0.0, 0.0], &[0.0, -INF]);
    // m is ¾ and ¼: ½·log ⁴⁄₃ + ½·(½·log ⅔ + ½·log 2)
    let mixed = 0.5 * (4.0f64 / 3.0).ln() + 0.25 * (2.0f64 / 3.0).ln() + 0.25 * LN_2;
    // ½·½·½·(log ⅔ − log 2)
    let slope = 0.125 * (1.0f64 / 3.0).ln();
    let (far, of_far) = distil_from(0.5, &[-1e4, 0.0], &[1e4, 0.0]);
    let (sure, of_sure) = distil_from(0.5, &[60.0, 0.0], &[50.0, 0.0]);
    // class 1 has the probabilities v = e^−50 and u = e^−60, class 0 almost 1: the loss is ½·v·log(v/m) + ½·u·log(u/m)
    let (v, u) = ((-50f64).exp(), (-60f64).exp());
    let m = 0.5 * (v + u);
    let of_rest = 0.5 * (v * (v / m).ln() + u * (u / m).ln());
    let sure_slope = -0.5 * u * (u / m).ln();
    check(
        [
            Point::new("by the teacher", of_teacher, [mixed]).gradient(&by_teacher, [slope, -slope]),
            Point::new("by the student", of_student, [mixed]).gradient(&by_student, [0.0, 0.0]),
            Point::new("by both", of_both, [0.0]).gradient(&both, [0.0; 3]),
            Point::new("the reverse by the teacher", of_reverse, [INF]).gradient(&reverse, [-INF, NAN]),
            Point::new("far out", of_far, [LN_2]).gradient(&far, [0.0, 0.0]),
            Point::new("both sure", of_sure, [of_rest]).gradient(&sure, [sure_slope, -sure_slope]),
            Point::new("a NaN teacher", distil_from(0.5, &[0.0, 0.0], &[NAN, 0.0]).1, [NAN]),
            Point::new("all of the teacher's", distil_from(0.5, &[0.0, 0.0], &[-INF, -INF]).1, [NAN]),
        ]
        .map(|point| Point { rtol: 1e-12, ..point }),
    );
}

fn distillation_far_out_and_reduced() {
    // the teacher is sure of class 0, the student of class 1: the loss is the gap of the student's logits
    let (far, of_far) = distil(1.0, &[-1e4, 0.0], &[1e4, 0.0]);
    let student = rows(&[[0.0, 0.0], [NAN, 0.0], [0.0, 0.0]]);
    let teacher = rows(&[[0.0, -INF], [0.0, 0.0], [0.0, 0.0]]);
    let kept = row(&[1.0, 0.0, 1.0]);
    let term = |reduction| Distillation::default().of(&student, &teacher).with(Extra::Mask, &kept).reduce(reduction);
    check([
        Point::new("far out", of_far, [1e4]).gradient(&far, [-1.0, 1.0]),
        Point::new("a mean over the kept", term(Reduction::Mean), [LN_2 / 2.0])
            .gradient(&student, [-0.25, 0.25, 0.0, 0.0, 0.0, 0.0])
            .parts([(LN_2, 2.0)]),
        Point::new("a mean over the batch", term(Reduction::BatchMean), [LN_2 / 3.0]).parts([(LN_2, 3.0)]),
        Point::new("none", term(Reduction::None), [LN_2, 0.0, 0.0]),
    ]);
}

/// Callers mask classes by the lowest f32 too, and may mask all of a row. Then the classes are equally probable.
fn distillation_of_logits_that_lie_far_off_as_a_whole() {
    let (far, near) = ([f64::from(f32::MIN); 2], [3f64.ln(), 0.0]);
    let reverse = Distillation::new().direction(DistillationDirection::Reverse);
    let of_reverse = |student: &[f64; 2], teacher: &[f64; 2]| {
        let student = rows(&[*student]);
        (student.clone(), reverse.of(&student, &rows(&[*teacher])))
    };
    let (forward, of_forward) = distil(1.0, &near, &far);
    let (far, of_far) = of_reverse(&far, &near);
    let (unknown, of_unknown) = of_reverse(&[0.0, 0.0], &[INF, 0.0]);
    // from ½ and ½ to ¾ and ¼
    let loss = 0.5 * (4.0f64 / 3.0).ln();
    let slope = 0.25 * 3f64.ln();
    check(
        [
            Point::new("the teacher", of_forward, [loss]).gradient(&forward, [0.25, -0.25]),
            Point::new("the student of the reverse", of_far, [loss]).gradient(&far, [-slope, slope]),
            Point::new("an infinite teacher of the reverse", of_unknown, [NAN]).gradient(&unknown, [NAN; 2]),
        ]
        .map(|point| Point { rtol: 1e-12, ..point }),
    );
}

/// The nll of a log-softmax is the cross-entropy, which is the focal loss at γ = 0.
fn nll_of_a_log_softmax_is_the_focal_loss_without_focus() {
    let x = rows(&[[0.5, -1.0], [2.0, 2.5]]);
    let t = labels(&[1, 0]);
    let log_p: Vec<f64> = x
        .to_f64()
        .chunks(2)
        .flat_map(|r| {
            let lse = (r[0].exp() + r[1].exp()).ln();
            [r[0] - lse, r[1] - lse]
        })
        .collect();
    let focal = SoftmaxFocal { gamma: 0.0, ..Default::default() };
    let want = cpu::value(&focal.of(&x, &t)).unwrap().loss().unwrap();
    check([Point::new("nll", Nll::default().of(&floats(&log_p, &[2, 2]), &t), [want])]);
}
