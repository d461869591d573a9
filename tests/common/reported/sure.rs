//! Confident predictions: the loss is about `1 − p`, which loses its digits when it is computed as a difference.

use super::{floats, labels, point};
use crate::point::Point;
use wgloss::*;

/// Confident predictions of regions. `1 − score` loses digits as `1 − p` does.
pub fn sure_regions() -> Vec<Point> {
    let sigmoid = || Dice { activation: Activation::Sigmoid, ..Dice::default() };
    let all = |name, logit: f64, loss, d| {
        let x = floats(&[logit; 4], &[1, 1, 4]);
        point(name, &x, sigmoid().of(&x, &labels(&[1; 4], &[1, 4])), loss, &[d; 4])
    };
    let extra = floats(&[17.0, -3.0, 2.0], &[1, 1, 3]);
    let two = floats(&[0.0, 0.0, 0.0, 0.0, 17.0, 17.0, 17.0, 17.0], &[1, 2, 4]);
    let tversky = Tversky { include_background: false, alpha: 0.3, beta: 0.7, gamma: 0.75, ..Tversky::default() };
    let d = 4.1645618456e-7;
    let mut points = vec![
        all("sigmoid of 12", 12.0, 3.07209289873e-6, -7.68020865238e-7),
        all("sigmoid of 15", 15.0, 1.52950945668e-7, -3.82377305685e-8),
        all("sigmoid of 17", 17.0, 2.06996622909e-8, -5.1749154656e-9),
        all("sigmoid of 40", 40.0, 2.12417447243e-18, -5.31043618107e-19),
        all("sigmoid of 80", 80.0, 9.02424565892e-36, -2.25606141473e-36),
        point(
            "a sure false positive",
            &extra,
            sigmoid().of(&extra, &labels(&[0, 0, 1], &[1, 3])),
            0.398407090472,
            &[8.50532402322e-9, 0.00928135124762, -0.0501407431742],
        ),
        point(
            "tversky",
            &two,
            tversky.of(&two, &labels(&[1; 4], &[1, 4])),
            2.22109971535e-6,
            &[d, d, d, d, -d, -d, -d, -d],
        ),
    ];

    // each option that changes the sums, with a softmax over three classes and with sigmoids
    let classes = floats(&[20.0, -1.0, 0.0, 25.0, -2.0, 3.0, -5.0, 0.0, 1.0, 40.0, 30.0, 2.0], &[2, 3, 2]);
    let of_classes = labels(&[0, 1, 2, 1], &[2, 2]);
    let single = floats(&[20.0, -18.0, 12.0, 30.0], &[2, 1, 2]);
    let of_single = labels(&[1, 0, 1, 1], &[2, 2]);
    type Both = (&'static str, Dice, (f64, [f64; 12]), (f64, [f64; 4]));
    let ways: [Both; 4] = [
        (
            "squared",
            Dice { squared_pred: true, ..Dice::default() },
            (
                2.59452789654e-15,
                [
                    -2.59533152363e-15,
                    2.46213796434e-22,
                    1.51193054306e-18,
                    -2.5937242626e-15,
                    2.59381959308e-15,
                    2.59372401639e-15,
                    1.32782957595e-26,
                    6.01642379353e-31,
                    2.15940719633e-26,
                    -6.01993076336e-31,
                    -3.48723677228e-26,
                    3.50696983146e-34,
                ],
            ),
            (4.71892194223e-12, [-2.12416661977e-18, 1.15975556575e-16, -9.43768229429e-12, -2.22975954192e-25]),
        ),
        (
            "jaccard",
            Dice { jaccard: true, ..Dice::default() },
            (
                1.85951826368e-5,
                [
                    -9.29688608482e-6,
                    1.70297366156e-12,
                    6.87028606807e-10,
                    -9.2962007783e-6,
                    9.29619905621e-6,
                    9.29619907532e-6,
                    2.10171614775e-11,
                    1.41612520107e-13,
                    8.4788430965e-14,
                    -1.4162298383e-13,
                    -2.11019499085e-11,
                    1.04637236549e-17,
                ],
            ),
            (1.54468535705e-6, [-1.03057163842e-9, 7.614951318e-9, -1.53603037276e-6, -2.33939989371e-14]),
        ),
        (
            "squared jaccard",
            Dice { squared_pred: true, jaccard: true, ..Dice::default() },
            (
                5.18905579307e-15,
                [
                    -5.19066304726e-15,
                    4.92427592869e-22,
                    3.02386108612e-18,
                    -5.1874485252e-15,
                    5.18763918617e-15,
                    5.18744803277e-15,
                    2.65565915189e-26,
                    1.20328475871e-30,
                    4.31881439266e-26,
                    -1.20398615267e-30,
                    -6.97447354455e-26,
                    7.01393966293e-34,
                ],
            ),
            (9.43784388438e-12, [-4.24833323953e-18, 2.31951113149e-16, -1.88753645882e-11, -4.45951908377e-25]),
        ),
        (
            "batch",
            Dice { batch: true, ..Dice::default() },
            (
                6.79345551482e-10,
                [
                    -6.082680613e-10,
                    1.2772669344e-12,
                    5.15286256752e-10,
                    -7.10136786256e-11,
                    9.29818045489e-11,
                    6.97364116912e-11,
                    2.10169507823e-16,
                    1.06208413852e-18,
                    6.35913761986e-14,
                    -8.90988341694e-18,
                    -6.38015457064e-14,
                    7.84779927842e-18,
                ],
            ),
            (1.0269103093e-6, [-3.43525733577e-10, 2.5383256367e-9, -1.02402319981e-6, -1.55960442403e-14]),
        ),
    ];
    for (name, dice, of_softmax, of_sigmoid) in ways {
        let sigmoids = Dice { activation: Activation::Sigmoid, ..dice.clone() };
        points.push(point(name, &classes, dice.of(&classes, &of_classes), of_softmax.0, &of_softmax.1));
        points.push(point(name, &single, sigmoids.of(&single, &of_single), of_sigmoid.0, &of_sigmoid.1));
    }

    let x = floats(&[19.0, 0.0, 1.0, 0.0, 17.0, 30.0, -2.0, 1.0, 3.0], &[1, 3, 3]);
    let t = labels(&[0, 1, 1], &[1, 3]);
    let generalized = |weighting| GeneralizedDice { weighting, ..Default::default() }.of(&x, &t);
    points.push(point(
        "generalized, square",
        &x,
        generalized(Weighting::Square),
        6.69800526532e-8,
        &[
            -2.8399930299e-9,
            1.72496763524e-8,
            1.05985707165e-13,
            2.33449071049e-9,
            -6.41391581281e-8,
            -8.89120043091e-13,
            5.05502319405e-10,
            4.68894817757e-8,
            7.83134335926e-13,
        ],
    ));
    points.push(point(
        "generalized, uniform",
        &x,
        generalized(Weighting::Uniform),
        5.34324824614e-8,
        &[
            -2.12034726589e-9,
            1.37997651478e-8,
            8.47887135977e-14,
            1.86759567609e-9,
            -5.13114159861e-8,
            -7.11297274927e-13,
            2.52751589796e-10,
            3.75116508383e-8,
            6.26508561329e-13,
        ],
    ));
    let x = floats(&[20.0, -1.0, 0.0, 25.0, -2.0, 3.0], &[1, 3, 2]);
    let both = DiceCrossEntropy::default();
    points.push(point(
        "with cross-entropy",
        &x,
        both.clone().of(&x, &labels(&[0, 1], &[1, 2])),
        1.85975107821e-5,
        &[
            -9.29909335896e-6,
            4.25751817356e-12,
            1.71760541509e-9,
            -9.29738003018e-6,
            9.29737575354e-6,
            9.29737577266e-6,
        ],
    ));
    let x = floats(&[-20.0, 18.0, 30.0], &[1, 1, 3]);
    points.push(point(
        "with cross-entropy of one channel",
        &x,
        DiceCrossEntropy { activation: Activation::Sigmoid, ..both }.of(&x, &labels(&[0, 1, 1], &[1, 3])),
        1.00865381591e-8,
        &[1.2023383208e-9, -8.88414516807e-9, -5.4586075678e-14],
    ));
    points
}

/// Targets that are probabilities. The gradient at the target class is minus the probability of the other classes.
pub fn sure_classes() -> Vec<Point> {
    let one_hot = |name, logit: f64, loss, d: [f64; 2]| {
        let (x, t) = (floats(&[logit, 0.0, 0.0], &[1, 3]), floats(&[1.0, 0.0, 0.0], &[1, 3]));
        point(name, &x, CrossEntropy::default().of(&x, &t), loss, &[d[0], d[1], d[1]])
    };
    let mut points = vec![
        one_hot("a logit of 15", 15.0, 6.11804453851e-7, [-6.11804266699e-7, 3.05902133349e-7]),
        one_hot("a logit of 17", 17.0, 8.27987509479e-8, [-8.27987475201e-8, 4.139937376e-8]),
        one_hot("a logit of 20", 20.0, 4.12230723638e-9, [-4.12230722788e-9, 2.06115361394e-9]),
        one_hot("a logit of 80", 80.0, 3.60970277569e-35, [-3.60970277569e-35, 1.80485138785e-35]),
    ];
    let weight = floats(&[0.25, 3.0, 2.0], &[3]);
    let x = floats(&[18.0, 0.0, 1.0, -4.0, 25.0, 2.0], &[2, 3]);
    let t = floats(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0], &[2, 3]);
    points.push(point(
        "class weights",
        &x,
        CrossEntropy::default().of(&x, &t).with(Extra::Weight, &weight),
        7.23297916045e-9,
        &[
            -7.07866921571e-9,
            1.90374736028e-9,
            5.17492185543e-9,
            3.81549847067e-13,
            -1.54309744307e-10,
            1.5392819446e-10,
        ],
    ));
    let x = floats(&[18.0, 0.0, 1.0, 30.0, 5.0, 2.0], &[2, 3]);
    let t = floats(&[0.75, 0.25, 0.0, 0.9999, 1e-4, 0.0], &[2, 3]);
    points.push(point(
        "probabilities that are not sure",
        &x,
        CrossEntropy::default().of(&x, &t),
        2.25125002829,
        &[0.124999971685, -0.124999992385, 2.06996874217e-8, 4.99999914472e-5, -4.99999917929e-5, 3.45719999604e-13],
    ));
    let x = floats(&[20.0, 0.0, 1.0], &[1, 3]);
    points.push(point(
        "with z-loss",
        &x,
        CrossEntropy { z_loss: 1e-4, ..Default::default() }.of(&x, &floats(&[1.0, 0.0, 0.0], &[1, 3])),
        0.0400000066841,
        &[0.00399999220588, 2.06939822086e-9, 5.62520757962e-9],
    ));
    let first = |of_first: f64, of_others: f64| {
        let mut row = vec![of_others; 40_000];
        row[0] = of_first;
        row
    };
    let (x, t) = (floats(&first(20.0, 0.0), &[1, 40_000]), floats(&first(1.0, 0.0), &[1, 40_000]));
    let d = first(-8.24372872773e-5, 2.06098370653e-9);
    points.push(point("a long row", &x, CrossEntropy::default().of(&x, &t), 8.24406854172e-5, &d));
    points
}
