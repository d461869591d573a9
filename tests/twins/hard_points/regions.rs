//! Hard points of the losses over regions: one channel, background, ignored positions, absent classes.

use crate::harness::tests;
use crate::point::{Point, check, floats, row};
use libtest_mimic::Trial;
use wgloss::{Activation, Array, Dice, Extra, Reduction};

pub fn tests() -> Vec<Trial> {
    tests![
        one_channel_is_its_own_target,
        the_sums_of_regions,
        absent_classes_are_what_the_smoothing_says,
        ignored_positions_take_no_part_whatever_they_hold,
        masked_classes_of_a_softmax_have_no_probability,
    ]
}

const NAN: f64 = f64::NAN;

/// Without smoothing, and with probabilities as predictions, the ratios can be worked out by hand.
fn plain() -> Dice {
    Dice { activation: Activation::None, smooth_nr: 0.0, smooth_dr: 0.0, ..Default::default() }
}

fn labels(labels: &[i32], shape: &[usize]) -> Array {
    Array::new(labels, shape).unwrap()
}

fn one_channel_is_its_own_target() {
    let x = floats(&[0.5, 1.0], &[1, 1, 2]);
    let t = labels(&[0, 1], &[1, 2]);
    let logits = floats(&[0.0, 0.0], &[1, 1, 2]);
    let sigmoid = Dice { activation: Activation::Sigmoid, ..plain() };
    check(
        [
            // Σpt 1, Σp 1.5, Σt 1; the slopes (ratio·1 − 2t)/2.5
            Point::new("labels", plain().of(&x, &t), [1.0 - 2.0 / 2.5])
                .gradient(&x, [0.8 / 2.5, (0.8 - 2.0) / 2.5])
                .parts([(0.2, 1.0)]),
            Point::new("the same as floats", plain().of(&x, &floats(&[0.0, 1.0], &[1, 1, 2])), [0.2]),
            // p ½ and ½: 1 − 1/2, and p' = ¼
            Point::new("a sigmoid", sigmoid.of(&logits, &t), [0.5]).gradient(&logits, [0.25 * 0.25, -0.25 * 0.75]),
        ]
        .map(|point| Point { rtol: 1e-14, ..point }),
    );
}

fn the_sums_of_regions() {
    // two items, two classes, two positions; labels 0 1 | 1 1
    let x = floats(&[0.5, 0.5, 0.5, 0.5, 0.25, 0.0, 0.75, 1.0], &[2, 2, 2]);
    let t = labels(&[0, 1, 1, 1], &[2, 2]);
    // per item and class: Σpt .5 .5 | 0 1.75, Σp 1 1 | .25 1.75, Σt 1 1 | 0 2, Σp² .5 .5 | .0625 1.5625
    let ratios = [1.0 / 2.0, 1.0 / 2.0, 0.0, 3.5 / 3.75];
    let none: Vec<f64> = ratios.iter().map(|ratio| 1.0 - ratio).collect();
    let sum: f64 = none.iter().sum();
    let weight = row(&[3.0, 0.5]);
    check(
        [
            Point::new("none", plain().of(&x, &t).reduce(Reduction::None), none.clone()),
            Point::new("sum", plain().of(&x, &t).reduce(Reduction::Sum), [sum]).parts([(sum, 1.0)]),
            Point::new("mean", plain().of(&x, &t), [sum / 4.0]).parts([(sum, 4.0)]),
            Point::new(
                "the class axis last",
                plain().of(&floats(&[0.5, 0.5, 0.5, 0.5, 0.25, 0.75, 0.0, 1.0], &[2, 2, 2]).class_axis_last(), &t),
                [sum / 4.0],
            ),
            Point::new(
                "without background",
                Dice { include_background: false, ..plain() }.of(&x, &t).reduce(Reduction::None),
                [none[1], none[3]],
            )
            .gradient(&x, [0.0, 0.0, 0.25, -0.75, 0.0, 0.0, (14.0 / 15.0 - 2.0) / 3.75, (14.0 / 15.0 - 2.0) / 3.75]),
            // a weight for each class, with or without background; the mean divides by the number of values only
            Point::new(
                "weights",
                plain().of(&x, &t).with(Extra::Weight, &weight),
                [(3.0 * 1.5 + 0.5 * (none[1] + none[3])) / 4.0],
            )
            .parts([(3.0 * 1.5 + 0.5 * (none[1] + none[3]), 4.0)]),
            Point::new(
                "weights without background",
                Dice { include_background: false, ..plain() }.of(&x, &t).with(Extra::Weight, &weight),
                [0.5 * (none[1] + none[3]) / 2.0],
            ),
            // Σpt .5 2.25, Σp 1.25 2.75, Σt 1 3
            Point::new(
                "batch",
                Dice { batch: true, ..plain() }.of(&x, &t).reduce(Reduction::None),
                [1.0 - 1.0 / 2.25, 1.0 - 4.5 / 5.75],
            ),
            Point::new(
                "jaccard",
                Dice { jaccard: true, ..plain() }.of(&x, &t).reduce(Reduction::None),
                [1.0 - 0.5 / 1.5, 1.0 - 0.5 / 1.5, 1.0, 1.0 - 1.75 / 2.0],
            ),
            Point::new(
                "squared",
                Dice { squared_pred: true, ..plain() }.of(&x, &t).reduce(Reduction::None),
                [1.0 - 1.0 / 1.5, 1.0 - 1.0 / 1.5, 1.0, 1.0 - 3.5 / 3.5625],
            ),
        ]
        .map(|point| Point { rtol: 1e-14, ..point }),
    );
}

fn absent_classes_are_what_the_smoothing_says() {
    // class 1 is neither predicted nor in the target
    let x = floats(&[1.0, 0.0], &[1, 2, 1]);
    let t = labels(&[0], &[1, 1]);
    let smoothed =
        |smooth_nr: f32, smooth_dr: f32| Dice { smooth_nr, smooth_dr, ..plain() }.of(&x, &t).reduce(Reduction::None);
    let nowhere = floats(&[], &[1, 2, 0]);
    check(
        [
            Point::new("alike", smoothed(0.5, 0.5), [0.0, 0.0]),
            Point::new("the numerator alone", smoothed(0.0, 0.5), [1.0 - 2.0 / 2.5, 1.0]),
            Point::new("neither", smoothed(0.0, 0.0), [0.0, NAN]),
            Point::new(
                "no positions",
                Dice { smooth_nr: 0.5, smooth_dr: 0.5, ..plain() }.of(&nowhere, &labels(&[], &[1, 0])),
                [0.0],
            )
            .gradient(&nowhere, []),
        ]
        .map(|point| Point { rtol: 1e-14, ..point }),
    );
}

fn ignored_positions_take_no_part_whatever_they_hold() {
    let ignoring = |activation| Dice { activation, ignore_index: Some(255), ..plain() };
    let x = floats(&[NAN, 0.5, NAN, 0.5], &[1, 2, 2]);
    let t = labels(&[255, 1], &[1, 2]);
    // Σpt 0 ½, Σp ½ ½, Σt 0 1, from the position that is not ignored
    let none = [1.0, 1.0 - 1.0 / 1.5];
    let slopes = [0.0, (2.0 / 3.0 - 2.0) / 1.5];
    let dense = floats(&[0.0, 1.0, 1.0, 0.0], &[1, 2, 2]);
    let finite = floats(&[0.5; 4], &[1, 2, 2]);
    // with equal logits the softmax gives ½, and the slope in a logit is p·(slope in p − Σ p·slopes)
    let equal = floats(&[NAN, 3.0, NAN, 3.0], &[1, 2, 2]);
    let pull = 0.5 * (slopes[0] + slopes[1]);
    let chained = slopes.map(|slope| 0.5 * (slope - pull));
    check(
        [
            Point::new("not reduced", ignoring(Activation::None).of(&x, &t).reduce(Reduction::None), none)
                .gradient(&x, [0.0, slopes[0], 0.0, slopes[1]]),
            Point::new("a softmax", ignoring(Activation::Softmax).of(&equal, &t).reduce(Reduction::None), none)
                .gradient(&equal, [0.0, chained[0], 0.0, chained[1]]),
            Point::new(
                "all of an item",
                Dice { smooth_nr: 0.5, smooth_dr: 0.5, ..ignoring(Activation::None) }
                    .of(&x, &labels(&[255, 255], &[1, 2])),
                [0.0],
            )
            .gradient(&x, [0.0; 4]),
            // `ignore_index` applies to labels only
            Point::new(
                "floats are never ignored",
                ignoring(Activation::None).of(&finite, &dense).reduce(Reduction::None),
                [0.5, 0.5],
            ),
            Point::new("an unmasked NaN", plain().of(&x, &labels(&[0, 1], &[1, 2])), [NAN]),
        ]
        .map(|point| Point { rtol: 1e-14, ..point }),
    );
}

fn masked_classes_of_a_softmax_have_no_probability() {
    let inf = f64::INFINITY;
    let x = floats(&[0.0, -inf, 0.0], &[1, 3, 1]);
    let softmax = Dice { activation: Activation::Softmax, smooth_nr: 0.5, smooth_dr: 0.5, ..plain() };
    let loss = softmax.of(&x, &labels(&[0], &[1, 1])).reduce(Reduction::None);
    // p ½ 0 ½: 1 − 1.5/2, 1 − .5/.5, 1 − .5/1
    check([Point { rtol: 1e-14, ..Point::new("a masked class", loss, [0.25, 0.0, 0.5]) }]);
}
