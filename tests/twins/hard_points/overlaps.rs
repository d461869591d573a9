//! Hard points of the losses that share Dice's sums: Tversky, generalized Dice, Dice with cross-entropy.

use crate::harness::tests;
use crate::point::{Point, check, floats, row};
use libtest_mimic::Trial;
use wgloss::{
    Activation, Array, CrossEntropy, Dice, DiceCrossEntropy, Extra, GeneralizedDice, Reduction, Term, Tversky,
    Weighting, cpu,
};

pub fn tests() -> Vec<Trial> {
    tests![
        the_errors_of_tversky_are_weighted_and_raised,
        tversky_is_finite_at_its_cusp_and_nan_below,
        small_regions_weigh_as_much_as_large_ones,
        dice_cross_entropy_is_the_sum_of_the_two,
        the_cross_entropy_of_one_channel_is_binary,
    ]
}

const NAN: f64 = f64::NAN;

fn labels(labels: &[i32], shape: &[usize]) -> Array {
    Array::new(labels, shape).unwrap()
}

/// No smoothing, and predictions that are probabilities.
fn tversky(gamma: f32) -> Tversky {
    let activation = Activation::None;
    Tversky { activation, smooth_nr: 0.0, smooth_dr: 0.0, alpha: 0.25, beta: 0.75, gamma, ..Default::default() }
}

fn generalized(weighting: Weighting) -> GeneralizedDice {
    GeneralizedDice { activation: Activation::None, weighting, smooth_nr: 0.0, smooth_dr: 0.0, ..Default::default() }
}

fn the_errors_of_tversky_are_weighted_and_raised() {
    // TP 1, FP ½, FN 0: the denominator is 1.125, and the errors are a ninth of it
    let (x, t) = (floats(&[0.5, 1.0], &[1, 1, 2]), labels(&[0, 1], &[1, 2]));
    let d_p = 2.0 / 9.0 * 0.25 * (8.0 / 9.0) / 1.125;
    let d_pt = -2.0 / 9.0 / 1.125;
    // TP ½, FP 0, FN ½: the errors are .375 of .875
    let missed = floats(&[0.0, 0.5], &[1, 1, 2]);
    check([
        Point::new("squared", tversky(2.0).of(&x, &t), [1.0 / 81.0]).gradient(&x, [d_p, d_p + d_pt]),
        Point::new("missed", tversky(1.0).of(&missed, &t), [0.375 / 0.875]),
        Point::new("the root", tversky(0.5).of(&x, &t), [1.0 / 3.0]),
    ]);
}

fn tversky_is_finite_at_its_cusp_and_nan_below() {
    let (x, t) = (floats(&[0.0, 1.0], &[1, 1, 2]), labels(&[0, 1], &[1, 2]));
    let lavish = |gamma| Tversky { smooth_nr: 1.0, ..tversky(gamma) };
    // a good overlap, whose small error keeps its digits
    let good = floats(&[1e-12, 1.0], &[1, 1, 2]);
    check([
        Point::new("all right", tversky(1.0).of(&x, &t), [0.0]).gradient(&x, [0.25, -0.75]),
        Point::new("a cusp", tversky(0.5).of(&x, &t), [0.0]).gradient(&x, [0.0, 0.0]),
        Point::new("flat", tversky(2.0).of(&x, &t), [0.0]).gradient(&x, [0.0, 0.0]),
        Point::new("nearly", tversky(1.0).of(&good, &t), [0.25e-12 / (1.0 + 0.25e-12)]),
        Point::new("a root of what is below 0", lavish(0.5).of(&x, &t), [NAN]),
        Point::new("its square", lavish(2.0).of(&x, &t), [1.0]),
    ]);
}

fn small_regions_weigh_as_much_as_large_ones() {
    // Σpt ½ 1½, Σp 1 2, Σt 1 2
    let x = floats(&[0.5, 0.5, 0.0, 0.5, 0.5, 1.0], &[1, 2, 3]);
    let t = labels(&[0, 1, 1], &[1, 3]);
    let ratio = 1.75 / 3.0;
    let (a, b) = ((ratio - 2.0) / 3.0, ratio / 3.0);
    let zeros = floats(&[0.0; 6], &[1, 2, 3]);
    let smooth = GeneralizedDice { smooth_nr: 0.5, smooth_dr: 0.5, ..generalized(Weighting::Square) };
    // two items, of which the second has no class 1
    let both = floats(&[x.to_f64(), x.to_f64()].concat(), &[2, 2, 3]);
    let of_both = labels(&[0, 1, 1, 0, 0, 0], &[2, 3]);
    check([
        Point::new("square", generalized(Weighting::Square).of(&x, &t), [1.0 - ratio])
            .gradient(&x, [a, b, b, b / 4.0, a / 4.0, a / 4.0]),
        Point::new("simple", generalized(Weighting::Simple).of(&x, &t), [1.0 - 2.5 / 4.0]),
        Point::new("uniform", generalized(Weighting::Uniform).of(&x, &t), [1.0 - 4.0 / 6.0]),
        // in the second item class 0 has the weight 1/9, and so has the absent class
        Point::new(
            "an absent class",
            generalized(Weighting::Square).of(&both, &of_both).reduce(Reduction::None),
            [1.0 - ratio, 1.0 - 2.0 / 6.0],
        ),
        Point::new("nothing at all", smooth.of(&x, &zeros), [0.0]).gradient(&x, [0.0; 6]),
    ]);
}

/// The sum of Dice and cross-entropy as two losses, each with its weight, which `dice_cross_entropy` has to equal.
fn apart(loss: &DiceCrossEntropy, x: &Array, t: &Array, weight: Option<&Array>) -> Term<Array> {
    let &DiceCrossEntropy { ignore_index, label_smoothing, z_loss, .. } = loss;
    let dice = Dice {
        activation: loss.activation,
        include_background: loss.include_background,
        squared_pred: loss.squared_pred,
        jaccard: loss.jaccard,
        batch: loss.batch,
        soft_label: loss.soft_label,
        log_loss: loss.log_loss,
        smooth_nr: loss.smooth_nr,
        smooth_dr: loss.smooth_dr,
        ignore_index: Some(ignore_index),
    };
    let ce = CrossEntropy { ignore_index, label_smoothing, z_loss, ..Default::default() };
    let sum = loss.dice_weight * dice.of(x, t) + loss.cross_entropy_weight * ce.of(x, t);
    weight.iter().fold(sum, |sum, weight| sum.with(Extra::Weight, weight))
}

fn dice_cross_entropy_is_the_sum_of_the_two() {
    let x = floats(&(0..24).map(|i| f64::from(i * 7 % 11) / 3.0 - 1.5).collect::<Vec<_>>(), &[2, 3, 4]);
    let t = labels(&[0, 2, 255, 1, 1, 1, 255, 0], &[2, 4]);
    let dense = floats(&(0..24).map(|i| f64::from(i * 5 % 7) / 10.0).collect::<Vec<_>>(), &[2, 3, 4]);
    let weight = row(&[0.5, 2.0, 1.25]);
    let plain = DiceCrossEntropy { ignore_index: 255, ..Default::default() };
    let losses = [
        plain.clone(),
        DiceCrossEntropy { label_smoothing: 0.25, z_loss: 0.5, dice_weight: 0.5, ..plain.clone() },
        DiceCrossEntropy { activation: Activation::Sigmoid, batch: true, cross_entropy_weight: 2.0, ..plain.clone() },
        DiceCrossEntropy { soft_label: true, log_loss: true, ..plain.clone() },
        DiceCrossEntropy { include_background: false, squared_pred: true, jaccard: true, ..plain },
    ];
    for (loss, target) in losses.iter().flat_map(|loss| [(loss, &t), (loss, &dense)]) {
        for weight in [None, Some(&weight)] {
            for reduction in [Reduction::Mean, Reduction::Sum] {
                let term = weight.iter().fold(loss.of(&x, target), |term, w| term.with(Extra::Weight, w));
                let (got, [d]) = cpu::gradients(&term.reduce(reduction).upstream(1.5), [&x]).unwrap();
                let sum = apart(loss, &x, target, weight).reduce(reduction).upstream(1.5);
                let (want, [d_want]) = cpu::gradients(&sum, [&x]).unwrap();
                let numbers = |outcome: &cpu::Outcome| {
                    let parts = outcome.parts().iter();
                    parts.flat_map(|part| [part.sum, part.denominator, part.weight]).collect::<Vec<f64>>()
                };
                let both = numbers(&got).into_iter().chain(d.to_f64()).chain([got.loss().unwrap()]);
                let wanted = numbers(&want).into_iter().chain(d_want.to_f64()).chain([want.loss().unwrap()]);
                let far = both.zip(wanted).find(|(got, want)| (got - want).abs() > 1e-14 * want.abs().max(1.0));
                assert_eq!(far, None, "{loss:?} {reduction:?}");
                let names: Vec<_> = got.parts().iter().map(|part| part.name.as_str()).collect();
                let all = ["dice_cross_entropy.dice", "dice_cross_entropy.cross_entropy", "dice_cross_entropy.z_loss"];
                assert_eq!(names, &all[..if loss.z_loss > 0.0 { 3 } else { 2 }]);
            }
        }
    }
}

fn the_cross_entropy_of_one_channel_is_binary() {
    let softplus = |x: f64| x.exp().ln_1p();
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let x = floats(&[0.5, -1.0, 3.0], &[1, 1, 3]);
    let (t, dense) = (labels(&[1, 0, -100], &[1, 3]), floats(&[0.25, 1.0, 0.0], &[1, 1, 3]));
    // without Dice, which another test covers
    let bce = |change: fn(&mut DiceCrossEntropy)| {
        let mut loss =
            DiceCrossEntropy { activation: Activation::Sigmoid, dice_weight: 0.0, ..DiceCrossEntropy::default() };
        change(&mut loss);
        loss
    };
    let weight = row(&[3.0]);
    let (plain, smoothed, z) = (bce(|_| ()), bce(|loss| loss.label_smoothing = 0.5), bce(|loss| loss.z_loss = 2.0));
    let lse = [softplus(0.5), softplus(-1.0)].map(|lse| lse * lse);
    check([
        Point::new("labels", plain.of(&x, &t), [(softplus(-0.5) + softplus(-1.0)) / 2.0])
            .gradient(&x, [(sigmoid(0.5) - 1.0) / 2.0, sigmoid(-1.0) / 2.0, 0.0]),
        // the mean divides by the count, as for PyTorch's pos_weight
        Point::new(
            "a weight",
            plain.of(&x, &t).with(Extra::Weight, &weight),
            [(3.0 * softplus(-0.5) + softplus(-1.0)) / 2.0],
        )
        .gradient(&x, [3.0 * (sigmoid(0.5) - 1.0) / 2.0, sigmoid(-1.0) / 2.0, 0.0]),
        Point::new(
            "dense",
            plain.of(&x, &dense).with(Extra::Weight, &weight),
            [(0.75 * softplus(-0.5) + 0.75 * softplus(0.5) + 3.0 * softplus(1.0) + softplus(3.0)) / 3.0],
        ),
        // ¾ of label 1 and ¼ of label 0, then the other way round
        Point::new(
            "smoothed",
            smoothed.of(&x, &t),
            [(0.75 * softplus(-0.5) + 0.25 * softplus(0.5) + 0.25 * softplus(1.0) + 0.75 * softplus(-1.0)) / 2.0],
        ),
        Point::new("z", z.of(&x, &t), [(softplus(-0.5) + softplus(-1.0)) / 2.0 + lse[0] + lse[1]]),
    ]);
}
