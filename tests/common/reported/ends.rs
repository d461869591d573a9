//! Arguments and options at the ends of their ranges, nearly equal arguments, and values that are not finite.

use super::{floats, labels, point};
use crate::point::Point;
use std::f64::consts::LN_2;
use wgloss::*;

/// Boxes that nearly coincide. A centre computed in f32 as the sum of two corners loses digits of the distance between the
/// centres, or all of them.
pub fn near_boxes() -> Vec<Point> {
    type Box = [f64; 4];
    let boxes = |name, kind, [input, target]: [Box; 2], loss, gradient: Box| {
        let [input, target] = [input, target].map(|corners| floats(&corners, &[1, 4]));
        point(name, &input, BoxIou { kind, ..Default::default() }.of(&input, &target), loss, &gradient)
    };
    let small = [[0.5, 0.5, 0.5001, 0.5001], [0.5, 0.5, 0.50012, 0.50011]];
    let far = [[16384.09375, 0.0, 16411.09765625, 27.0], [16384.087890625, 0.0, 16411.1015625, 27.0]];
    vec![
        boxes(
            "small boxes, iou",
            IouKind::Iou,
            small,
            0.911627340134,
            [402.747832567, 402.747832567, -883.579977994, -883.579977994],
        ),
        boxes(
            "small boxes, giou",
            IouKind::Giou,
            small,
            0.911627340134,
            [358.779460599, 314.547804966, -883.579977994, -883.579977994],
        ),
        boxes(
            "small boxes, diou",
            IouKind::Diou,
            small,
            0.91261118473,
            [324.751518221, 364.25621641, -962.509536198, -922.926951785],
        ),
        boxes(
            "small boxes, ciou",
            IouKind::Ciou,
            small,
            0.912611830427,
            [324.899866961, 364.107867669, -962.657884939, -922.778603045],
        ),
        boxes(
            "far boxes, iou",
            IouKind::Iou,
            far,
            0.000361506897232,
            [0.037018292237, 6.69215203694e-6, -0.037018292237, -6.69215203694e-6],
        ),
        boxes(
            "far boxes, diou",
            IouKind::Diou,
            far,
            0.000361507550998,
            [0.0370189616939, 6.6921641376e-6, -0.0370176227801, -6.6921641376e-6],
        ),
        boxes(
            "far boxes, ciou",
            IouKind::Ciou,
            far,
            0.000361507551483,
            [0.0370189617933, 6.69206473475e-6, -0.0370176228795, -6.69206473475e-6],
        ),
    ]
}

/// Options at the ends of their ranges, and arguments that are nearly equal.
pub fn ends_and_near_arguments() -> Vec<Point> {
    let mut points = Vec::new();
    for (z, loss, d) in [(1e-4, 0.693147180572, 2.50000001133e-7), (1e-9, LN_2, 2.5000000038e-12)] {
        let x = [z, 0.0, 0.0, 0.0].map(|x| floats(&[x], &[1]));
        let dpo = Dpo { label_smoothing: 0.5, ..Default::default() };
        points.push(point("dpo of equal shares", &x[0], dpo.of(&x[0], &x[1], &x[2], &x[3]), loss, &[d]));
    }
    let (x, half) = (floats(&[1e-6], &[1, 1]), floats(&[0.5], &[1, 1]));
    let d = 2.49999999369e-7;
    points.push(point("a target of a half", &x, BceWithLogits::default().of(&x, &half), LN_2, &[d]));
    points.push(point("a multi-label one", &x, MultilabelSoftMargin::default().of(&x, &half), LN_2, &[d]));

    let (student, teacher) = (floats(&[0.0, 1.0, -0.5, 2.25], &[1, 4]), floats(&[1.0, -2.0, 0.5, 3.0], &[1, 4]));
    // as the temperature grows, the loss tends to half the variance of the differences student − teacher; each gradient tends
    // to a difference's distance from the mean difference, divided by the number of classes
    let limit = [-0.265625, 0.734375, -0.265625, -0.203125];
    for (temperature, loss, d) in [
        (1e6, 1.44335770874, [-0.265624700195, 0.734374409179, -0.265624567383, -0.203125141601]),
        (1e8, 1.443359375, limit),
        (1e12, 1.443359375, limit),
        (1e20, 1.443359375, limit),
        (1e38, 1.443359375, limit),
    ] {
        let term = Distillation::new().temperature(temperature).of(&student, &teacher);
        points.push(point("distillation, very warm", &student, term, loss, &d));
    }

    let x = floats(&[9.0, 10.0, 11.0, 9.5, 10.5, 9.0, 10.0, 11.0], &[1, 2, 4]);
    let t = floats(&[8.9985, 10.0015, 11.0005, 9.4995, 10.4985, 9.0015, 10.0005, 10.9995], &[1, 2, 4]);
    points.push(point(
        "features that are near",
        &x,
        GramStyle::default().of(&x, &t),
        1.99115828994e-7,
        &[
            -0.000552192193922,
            -0.000634180296714,
            -0.000696824573339,
            -0.000583514332234,
            0.000971134888474,
            0.000850087116902,
            0.000943681515395,
            0.00101793208772,
        ],
    ));
    points
}

/// Losses that are not finite, and finite losses that a careless computation makes infinite or NaN.
pub fn finite_or_not() -> Vec<Point> {
    let bare = |activation| Dice { activation, smooth_nr: 0.0, smooth_dr: 0.0, ..Default::default() };
    let one = |x: f64| floats(&[x], &[1, 1, 1]);
    let nan = f64::NAN;
    let (low, above) = (one(-100.0), one(f64::from(1.000_000_1f32)));
    let fractional = Tversky { activation: Activation::None, gamma: 0.75, alpha: 0.3, beta: 0.7, ..Default::default() };
    let plain =
        Tversky { activation: Activation::Sigmoid, smooth_nr: 0.0, smooth_dr: 0.0, alpha: 1e-3, ..Default::default() };
    let (far, apart) = (floats(&[-1e4, 0.0], &[1, 2, 1]), floats(&[3e38, -3e38], &[1, 2, 1]));
    let (small, squared) = (one(-60.0), Dice { squared_pred: true, ..bare(Activation::Sigmoid) });
    let (sure, weight) = (floats(&[1.0, 0.0], &[1, 2, 1]), floats(&[1.0, 0.0], &[2]));
    let lavish = Dice { activation: Activation::None, smooth_nr: 0.5, smooth_dr: 0.0, ..Default::default() };
    let mut points = vec![
        point("no finite logit is sure", &low, bare(Activation::Sigmoid).of(&low, &labels(&[0], &[1, 1])), 1.0, &[0.0]),
        point("in Tversky's ratio", &low, plain.of(&low, &labels(&[0], &[1, 1])), 1.0, &[0.0]),
        point("nor has a square of 0", &small, squared.of(&small, &labels(&[0], &[1, 1])), 1.0, &[0.0]),
        point(
            "beside a great upstream gradient",
            &low,
            bare(Activation::Sigmoid).of(&low, &labels(&[0], &[1, 1])).upstream(65536.0),
            1.0,
            &[0.0],
        ),
        point(
            "of a softmax",
            &far,
            bare(Activation::Softmax).of(&far, &labels(&[1], &[1, 1])).reduce(Reduction::Sum),
            1.0,
            &[0.0, 0.0],
        ),
        point(
            "of a softmax whose logits are infinitely far apart",
            &apart,
            bare(Activation::Softmax).of(&apart, &labels(&[0], &[1, 1])).reduce(Reduction::Sum),
            1.0,
            &[0.0, 0.0],
        ),
        // 1 − 2.5/2 of the first class; the second one's is −∞
        point(
            "a class of weight 0 whose loss is infinite",
            &sure,
            lavish.of(&sure, &labels(&[0], &[1, 1])).weight(&weight).reduce(Reduction::Sum),
            -0.25,
            &[-0.375, 0.0],
        ),
        point("a probability above 1", &above, fractional.of(&above, &labels(&[1], &[1, 1])), 0.0, &[0.0]),
    ];
    let (x, t) = (floats(&[f64::INFINITY, 1.0], &[1, 2]), floats(&[1.0, 0.0], &[1, 2]));
    points.push(point("an infinite logit", &x, MultilabelSoftMargin::default().of(&x, &t), nan, &[nan, nan]));
    let x = floats(&[1.0, 0.5, 0.25, 2.0, nan, 1.0], &[3, 2]);
    for (name, of) in [("a NaN beside a pair", [0, 0, 1]), ("a NaN among strangers", [0, 1, 2])] {
        let term = SupCon::default().of(&x, &labels(&of, &[3])).reduce(Reduction::Sum);
        points.push(point(name, &x, term, nan, &[nan; 6]));
    }
    let nothing = floats(&[], &[2, 3, 0]);
    let gram = GramStyle::default().of(&nothing, &nothing);
    points.push(point("channels without positions", &nothing, gram, nan, &[]).parts([(0.0, 0.0)]));
    points
}
