//! Hard points of Dice with a fused loss of elements: binary cross-entropy, or the focal loss.

use crate::harness::tests;
use crate::point::{Point, check, floats, row};
use libtest_mimic::Trial;
use std::f64::consts::LN_2;
use wgloss::{
    Activation, Array, BceWithLogits, Dice, DiceBce, DiceFocal, Error, Extra, Reduction, SigmoidFocal, SoftmaxFocal,
    Term, cpu,
};

pub fn tests() -> Vec<Trial> {
    tests![
        they_are_the_sums_of_the_two,
        the_focal_loss_of_a_softmax_is_divided_by_the_classes_too,
        predictions_far_out_keep_a_finite_loss_and_slope,
        a_class_weight_of_0_mutes_an_infinite_loss,
        a_background_that_takes_no_part_may_hold_anything,
        a_mean_divides_by_the_elements_that_take_part,
        a_mask_of_elements_needs_no_softmax,
    ]
}

fn apart(term: &Term<Array>, x: &Array) -> (f64, Vec<f64>) {
    let (outcome, [gradient]) = cpu::gradients(term, [x]).unwrap();
    (outcome.loss().unwrap(), gradient.to_f64())
}

fn they_are_the_sums_of_the_two() {
    let x = floats(&(0..24).map(|i| f64::from(i * 7 % 11) / 3.0 - 1.5).collect::<Vec<_>>(), &[2, 3, 4]);
    let t = floats(&(0..24).map(|i| f64::from(i * 5 % 7 % 2)).collect::<Vec<_>>(), &[2, 3, 4]);
    let mask = floats(&(0..24).map(|i| f64::from(u8::from(i % 5 != 0))).collect::<Vec<_>>(), &[2, 3, 4]);
    let (weight, positive) = (row(&[0.5, 2.0, 1.25]), row(&[3.0, 0.5, 1.0]));
    // shaped to be broadcast along the class axis, which is not the last
    let along = |row: &Array| Array::new(&row.to_f32(), [3, 1]).unwrap();
    let dice = Dice { activation: Activation::Sigmoid, jaccard: true, batch: true, ..Dice::default() };
    let (alpha, gamma, label_smoothing) = (Some(0.25), 1.5, 0.125);
    let with_bce = DiceBce {
        jaccard: true,
        batch: true,
        label_smoothing,
        dice_weight: 0.5,
        bce_weight: 2.0,
        ..DiceBce::default()
    };
    let with_focal = DiceFocal {
        jaccard: true,
        batch: true,
        alpha,
        gamma,
        label_smoothing,
        focal_weight: 3.0,
        ..DiceFocal::default()
    };
    for reduction in [Reduction::Mean, Reduction::Sum] {
        for mask in [None, Some(&mask)] {
            let set = |term: Term<Array>| {
                mask.iter().fold(term, |term, mask| term.with(Extra::Mask, mask)).reduce(reduction).upstream(1.5)
            };
            let weighed = |term: Term<Array>| term.with(Extra::Weight, &weight);
            let of_bce = BceWithLogits { label_smoothing }.of(&x, &t).with(Extra::PosWeight, &along(&positive));
            let of_bce = of_bce.with(Extra::Weight, &along(&weight));
            let focal = SigmoidFocal { alpha, gamma, label_smoothing }.of(&x, &t);
            for (together, sum) in [
                (
                    set(weighed(with_bce.of(&x, &t)).with(Extra::PosWeight, &positive)),
                    0.5 * set(weighed(dice.of(&x, &t))) + 2.0 * set(of_bce),
                ),
                (set(with_focal.of(&x, &t)), set(dice.of(&x, &t)) + 3.0 * set(focal)),
            ] {
                let ((got, d), (want, d_want)) = (apart(&together, &x), apart(&sum, &x));
                let far = d.iter().zip(&d_want).find(|(got, want)| (**got - **want).abs() > 1e-14);
                assert!((got - want).abs() < 1e-13 * want && far.is_none(), "{together:?}: {got}, not {want}; {far:?}");
            }
        }
    }
}

fn the_focal_loss_of_a_softmax_is_divided_by_the_classes_too() {
    let x = floats(&(0..24).map(|i| f64::from(i * 7 % 11) / 3.0 - 1.5).collect::<Vec<_>>(), &[2, 3, 4]);
    let labels = Array::new(&[0u8, 1, 2, 255, 1, 1, 0, 2], [2, 4]).unwrap();
    let weight = row(&[0.5, 2.0, 1.25]);
    let foreground = row(&[0.0, 2.0, 1.25]);
    for (include_background, alpha, scored) in [(true, &weight, 3.0), (false, &foreground, 2.0)] {
        let both = DiceFocal { use_softmax: true, include_background, gamma: 1.5, ..DiceFocal::default() };
        let both = DiceFocal { activation: Activation::Softmax, ignore_index: Some(255), focal_weight: 3.0, ..both };
        let dice = Dice { activation: Activation::Softmax, include_background, ..Dice::default() };
        let dice = Dice { ignore_index: Some(255), ..dice };
        let focal = SoftmaxFocal { gamma: 1.5, ignore_index: 255, ..SoftmaxFocal::default() };
        for (reduction, shared) in [(Reduction::Mean, scored), (Reduction::Sum, 1.0)] {
            let set = |term: Term<Array>| term.reduce(reduction).upstream(1.5);
            let together = set(both.of(&x, &labels).with(Extra::Weight, &weight));
            let sum = set(dice.of(&x, &labels).with(Extra::Weight, &weight))
                + set(focal.of(&x, &labels).with(Extra::Alpha, alpha)) * (3.0 / shared);
            let ((got, d), (want, d_want)) = (apart(&together, &x), apart(&sum, &x));
            let far = d.iter().zip(&d_want).find(|(got, want)| (**got - **want).abs() > 1e-14);
            assert!((got - want).abs() < 1e-13 * want && far.is_none(), "{together:?}: {got}, not {want}; {far:?}");
        }
    }
    // seven positions take part, with three classes each
    let both = DiceFocal { use_softmax: true, ignore_index: Some(255), ..DiceFocal::default() };
    let outcome = cpu::value(&both.of(&x, &labels)).unwrap();
    let focal = outcome.parts().iter().find(|part| part.name == "dice_focal.softmax_focal");
    assert_eq!(focal.map(|part| part.denominator), Some(21.0));
}

fn predictions_far_out_keep_a_finite_loss_and_slope() {
    let (x, t) = (floats(&[1e4, -1e4, 1e4, -1e4], &[1, 1, 4]), floats(&[0.0, 1.0, 1.0, 0.0], &[1, 1, 4]));
    // Σpt 1, Σp 2, Σt 2: Dice is ½, and its slopes vanish
    let bce = DiceBce { smooth_nr: 0.0, smooth_dr: 0.0, ..DiceBce::default() };
    let focal = DiceFocal { gamma: 0.5, smooth_nr: 0.0, smooth_dr: 0.0, ..DiceFocal::default() };
    check([
        Point::new("bce", bce.of(&x, &t), [0.5 + 5e3]).gradient(&x, [0.25, -0.25, 0.0, 0.0]),
        Point::new("focal", focal.of(&x, &t), [0.5 + 5e3]).gradient(&x, [0.25, -0.25, 0.0, 0.0]),
    ]);
}

fn a_class_weight_of_0_mutes_an_infinite_loss() {
    let (x, t) = (floats(&[f64::INFINITY, 0.0], &[1, 2, 1]), floats(&[0.0, 1.0], &[1, 2, 1]));
    let loss = DiceBce { smooth_nr: 0.0, smooth_dr: 0.0, ..DiceBce::default() };
    let weight = row(&[0.0, 1.0]);
    check([
        // Dice of class 1 is 1 − 2·½/(½ + 1), and the mean over two classes is half of it
        Point::new("muted", loss.of(&x, &t).with(Extra::Weight, &weight), [1.0 / 6.0 + LN_2 / 2.0])
            .gradient(&x, [0.0, -1.0 / 9.0 - 0.25]),
        Point::new("heard", loss.of(&x, &t), [f64::INFINITY]),
    ]);
}

fn a_background_that_takes_no_part_may_hold_anything() {
    let t = floats(&[1.0, 0.0, 0.0, 1.0], &[1, 2, 2]);
    let loss = DiceFocal { include_background: false, smooth_nr: 0.0, smooth_dr: 0.0, ..DiceFocal::default() };
    for background in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let x = floats(&[background, 0.0, 0.0, 0.0], &[1, 2, 2]);
        // Dice is 1 − 2·½/(1 + 1), with slopes of ¼ and −¾ in p; the focal loss is ¼·log 2, with a slope in the logit of
        // ¼·log 2 + ⅛ away from the target
        let focal = (0.25 * LN_2 + 0.125) / 2.0;
        check([Point::new("background", loss.of(&x, &t), [0.5 + 0.25 * LN_2])
            .gradient(&x, [0.0, 0.0, 0.25 * 0.25 + focal, -0.75 * 0.25 - focal])]);
    }
}

fn a_mean_divides_by_the_elements_that_take_part() {
    let x = floats(&[0.0, f64::NAN, 0.0, 0.0], &[1, 2, 2]);
    let (t, mask) = (floats(&[1.0; 4], &[1, 2, 2]), floats(&[1.0, 0.0, 1.0, 1.0], &[1, 2, 2]));
    let loss = DiceBce { dice_weight: 0.0, ..DiceBce::default() };
    let sampled = loss.of(&x, &t).with(Extra::Mask, &mask).with(Extra::SampleWeight, &floats(&[2.0, 1.0], &[1, 2]));
    let nothing = loss.of(&x, &t).with(Extra::Mask, &floats(&[0.0; 4], &[1, 2, 2]));
    check([
        Point::new("of three", loss.of(&x, &t).with(Extra::Mask, &mask), [LN_2])
            .gradient(&x, [-0.5 / 3.0, 0.0, -0.5 / 3.0, -0.5 / 3.0]),
        // the first position counts twice, in both of its classes
        Point::new("of five", sampled, [LN_2]).gradient(&x, [-0.2, 0.0, -0.2, -0.1]),
        Point::new("of none", nothing, [f64::NAN]).gradient(&x, [0.0; 4]),
    ]);
}

fn a_mask_of_elements_needs_no_softmax() {
    let x = floats(&[0.5; 8], &[1, 2, 4]);
    let loss = DiceFocal { activation: Activation::Softmax, ..DiceFocal::default() };
    let refused = cpu::value(&loss.of(&x, &x).with(Extra::Mask, &x)).unwrap_err();
    assert!(matches!(&refused, Error::InvalidOption { option, .. } if option == "activation"), "{refused}");
    cpu::value(&DiceFocal::default().of(&x, &x).with(Extra::Mask, &x)).unwrap();
}
