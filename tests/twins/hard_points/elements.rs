//! Hard points of the losses over elements: masks, weights of 0, extreme logits, the ends of a noise schedule.

use crate::harness::tests;
use crate::point::{Point, check, floats, labels, row};
use libtest_mimic::Trial;
use std::f64::consts::LN_2;
use wgloss::{Array, Diffusion, Extra, Mse, PredictionType, Reduction, SigmoidFocal, SnrWeighting, Term, cpu};

pub fn tests() -> Vec<Trial> {
    tests![
        squared_errors,
        sigmoid_focal_at_extreme_logits,
        sigmoid_focal_gradients_are_finite_wherever_logits_are,
        sigmoid_focal_masks,
        diffusion_at_the_ends_of_the_schedule,
        flow_goes_from_the_sample_to_the_noise,
        diffusion_leaves_out_what_has_no_share_in_the_target,
        diffusion_reduces_items_to_their_means,
    ]
}

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

fn squared_errors() {
    let (x, t) = (row(&[NAN, 3.0]), row(&[1.0, 1.0]));
    let (a, b) = (row(&[1.0, 3.0]), row(&[0.0, 0.0]));
    let mse = Mse::default;
    let mask = |kept: [f64; 2]| row(&kept);
    check([
        Point::new("a masked NaN", mse().of(&x, &t).with(Extra::Mask, &mask([0.0, 1.0])), [4.0])
            .gradient(&x, [0.0, 4.0])
            .gradient(&t, [0.0, -4.0])
            .parts([(4.0, 1.0)]),
        Point::new(
            "a masked NaN, not reduced",
            mse().of(&x, &t).with(Extra::Mask, &mask([0.0, 1.0])).reduce(Reduction::None),
            [0.0, 4.0],
        )
        .gradient(&x, [0.0, 4.0]),
        Point::new(
            "a masked infinite weight",
            mse().of(&a, &b).with(Extra::Weight, &row(&[INF, 2.0])).with(Extra::Mask, &mask([0.0, 1.0])),
            [9.0],
        )
        .gradient(&a, [0.0, 6.0])
        .parts([(18.0, 2.0)]),
        Point::new("a mask of NaN keeps", mse().of(&a, &b).with(Extra::Mask, &mask([NAN, 0.0])), [1.0]),
        Point::new("a mask of zeros", mse().of(&x, &t).with(Extra::Mask, &mask([0.0, 0.0])), [NAN])
            .gradient(&x, [0.0, 0.0])
            .parts([(0.0, 0.0)]),
        Point::new(
            "a sum under a mask of zeros",
            mse().of(&x, &t).with(Extra::Mask, &mask([0.0, 0.0])).reduce(Reduction::Sum),
            [0.0],
        )
        .gradient(&x, [0.0, 0.0]),
        Point::new("weights", mse().of(&a, &b).with(Extra::Weight, &row(&[1.0, 3.0])), [7.0])
            .gradient(&a, [0.5, 4.5])
            .parts([(28.0, 4.0)]),
        Point::new("no weights", mse().of(&a, &b), [5.0]).parts([(10.0, 2.0)]),
        Point::new("a weight of 0 is a factor", mse().of(&a, &b).with(Extra::Weight, &row(&[0.0, 2.0])), [9.0])
            .gradient(&a, [0.0, 6.0]),
        Point::new("a weight of 0 is no mask", mse().of(&x, &t).with(Extra::Weight, &row(&[0.0, 1.0])), [NAN]),
        Point::new(
            "a weight of 0 is no mask for an infinity",
            mse().of(&row(&[INF, 3.0]), &t).with(Extra::Weight, &row(&[0.0, 1.0])),
            [NAN],
        ),
        Point::new("weights of 0 alone", mse().of(&a, &b).with(Extra::Weight, &row(&[0.0, 0.0])), [NAN])
            .gradient(&a, [0.0, 0.0]),
        Point::new("an unmasked NaN", mse().of(&x, &t).reduce(Reduction::Sum), [NAN]).gradient(&x, [NAN, 4.0]),
        Point::new("equal infinities", mse().of(&row(&[INF, 0.0]), &row(&[INF, 0.0])), [NAN]),
        Point::new("an infinity", mse().of(&row(&[INF, 0.0]), &row(&[0.0, 0.0])), [INF]),
        Point::new("a denominator of 0", mse().of(&a, &b).divide_by(0.0), [NAN])
            .gradient(&a, [0.0, 0.0])
            .parts([(10.0, 0.0)]),
        Point::new("a denominator of the caller's", mse().of(&a, &b).divide_by(4.0), [2.5])
            .gradient(&a, [0.5, 1.5])
            .parts([(10.0, 4.0)]),
        Point::new(
            "a denominator of the caller's and a mask",
            mse().of(&x, &t).with(Extra::Mask, &mask([0.0, 1.0])).divide_by(&row(&[8.0])),
            [0.5],
        )
        .gradient(&x, [0.0, 0.5])
        .parts([(4.0, 8.0)]),
    ]);
}

/// `softplus(x)` for `x ≤ −200`. There `log(1 + eˣ)` is `eˣ` to the last bit, because the next term of its series, `−e²ˣ/2`, is
/// too small to matter.
fn tail(x: f64) -> f64 {
    x.exp()
}

fn sigmoid_focal_at_extreme_logits() {
    let focal = |gamma: f32, alpha| SigmoidFocal { gamma, alpha, ..Default::default() };
    let of = |loss: SigmoidFocal, x: f64, t: f64| loss.of(&row(&[x]), &row(&[t])).reduce(Reduction::Sum);
    let mut points = Vec::new();
    for gamma in [0.0f32, 0.5, 1.0, 2.0, 5.0] {
        let g = f64::from(gamma);
        for far in [200.0, 1e4] {
            // wrong with certainty: 1 − p_t is 1 and bce is |x|, so the loss is α_t·|x|
            points.push(Point::new("positive, far below", of(focal(gamma, Some(0.25)), -far, 1.0), [0.25 * far]));
            points.push(Point::new("negative, far above", of(focal(gamma, Some(0.25)), far, 0.0), [0.75 * far]));
            // right with certainty: bce is 1 − p_t, which is exp(−far), so the loss is (1 − p_t)^γ·(1 − p_t)
            let right = (g * -far).exp() * tail(-far);
            points.push(Point {
                rtol: 1e-11,
                ..Point::new("positive, far above", of(focal(gamma, None), far, 1.0), [right])
            });
            points.push(Point {
                rtol: 1e-11,
                ..Point::new("negative, far below", of(focal(gamma, None), -far, 0.0), [right])
            });
        }
        // in the middle: p is ½, and so is 1 − p_t whatever the target
        let middle = 0.5f64.powf(g) * LN_2;
        points.push(Point::new("in the middle", of(focal(gamma, None), 0.0, 0.3), [middle]));
        points.push(Point::new("alpha between", of(focal(gamma, Some(0.25)), 0.0, 0.5), [0.5 * middle]));
        // right by 30: subtracted from 1, p_t leaves 3 digits in f64 and none in f32, so the loss must not be made of that difference
        let q = 1.0 / (1.0 + 30f64.exp());
        let small = q.powf(g) * (-30f64).exp().ln_1p();
        points.push(Point { rtol: 1e-12, ..Point::new("right by 30", of(focal(gamma, None), 30.0, 1.0), [small]) });
    }
    points.push(Point::new("a NaN", of(focal(2.0, None), NAN, 1.0), [NAN]));
    // as in PyTorch, whose bce multiplies an infinite logit by 1 − t, which is 0 here
    points.push(Point::new("an infinity, right", of(focal(2.0, None), INF, 1.0), [NAN]));
    points.push(Point::new("an infinity, wrong", of(focal(2.0, None), -INF, 1.0), [NAN]));
    check(points);
}

fn sigmoid_focal_gradients_are_finite_wherever_logits_are() {
    for gamma in [0.0f32, 0.25, 0.5, 1.0, 2.0, 5.0] {
        for target in [0.0, 1e-300, 0.3, 1.0] {
            let logits: Vec<f64> =
                [0.0, 1e-300, 0.5, 20.0, 90.0, 104.0, 200.0, 750.0, 1e4].into_iter().flat_map(|x| [x, -x]).collect();
            let x = row(&logits);
            let t = row(&vec![target; logits.len()]);
            let term = SigmoidFocal::new().gamma(gamma).alpha(0.25).of(&x, &t).reduce(Reduction::Sum);
            let (outcome, [gradient]) = cpu::gradients(&term, [&x]).unwrap();
            assert!(outcome.loss().unwrap().is_finite(), "gamma {gamma}, target {target}");
            for (x, d) in logits.iter().zip(gradient.to_f64()) {
                assert!(d.is_finite(), "gamma {gamma}, target {target}, x {x}: {d}");
            }
        }
    }
    // far out on the wrong side the loss is linear, with the slope −α for a positive target and 1 − α for a negative one; on the
    // right side the slope is 0
    let x = row(&[-1e4, 1e4, 1e4, -1e4]);
    let term = SigmoidFocal::default().of(&x, &row(&[1.0, 0.0, 1.0, 0.0])).reduce(Reduction::Sum);
    check([Point::new("slopes far out", term, [1e4]).gradient(&x, [-0.25, 0.75, 0.0, 0.0])]);
}

fn sigmoid_focal_masks() {
    let x = row(&[0.0, NAN]);
    let term =
        SigmoidFocal::new().gamma(0.0).alpha(None).of(&x, &row(&[1.0, NAN])).with(Extra::Mask, &row(&[5.0, 0.0]));
    check([Point::new("a masked NaN", term, [LN_2]).gradient(&x, [-0.5, 0.0]).parts([(LN_2, 1.0)])]);
}

/// One item of two elements, prediction (1, 2), noise (3, 5), sample (7, 11), at this ᾱ.
fn diffusion(alpha_bar: f64, loss: Diffusion) -> (Array, wgloss::Term<Array>) {
    let shape = [1, 2];
    let x = floats(&[1.0, 2.0], &shape);
    let (noise, sample) = (floats(&[3.0, 5.0], &shape), floats(&[7.0, 11.0], &shape));
    let table = row(&[0.5, alpha_bar]);
    let term = loss.of(&x, &noise, &labels(&[1]), &table).with(Extra::Sample, &sample);
    (x, term)
}

fn diffusion_at_the_ends_of_the_schedule() {
    use PredictionType::{Epsilon, Sample, VPrediction};
    // mean squared errors of (1, 2) against noise (3, 5), sample (7, 11), and against minus the sample
    let (of_noise, of_sample, of_minus) = ((4.0 + 9.0) / 2.0, (36.0 + 81.0) / 2.0, (64.0 + 169.0) / 2.0);
    let mut points = Vec::new();
    for (name, prediction_type, alpha_bar, plain, weight, slopes) in [
        ("epsilon at 0", Epsilon, 0.0, of_noise, 1.0, [-2.0, -3.0]),
        ("epsilon at 1", Epsilon, 1.0, of_noise, 0.0, [-2.0, -3.0]),
        ("epsilon at ½", Epsilon, 0.5, of_noise, 1.0, [-2.0, -3.0]),
        ("v at 0", VPrediction, 0.0, of_minus, 0.0, [8.0, 13.0]),
        ("v at 1", VPrediction, 1.0, of_noise, 0.0, [-2.0, -3.0]),
        ("sample at 0", Sample, 0.0, of_sample, 0.0, [-6.0, -9.0]),
        ("sample at 1", Sample, 1.0, of_sample, 5.0, [-6.0, -9.0]),
        ("sample at ½", Sample, 0.5, of_sample, 1.0, [-6.0, -9.0]),
    ] {
        for (weighting, weight) in [(SnrWeighting::None, 1.0), (SnrWeighting::MinSnr, weight)] {
            let (x, term) = diffusion(alpha_bar, Diffusion { prediction_type, weighting, ..Default::default() });
            let point = Point::new(name, term, [weight * plain]).parts([(weight * plain, 1.0)]);
            points.push(point.gradient(&x, slopes.map(|slope| weight * slope)));
        }
    }
    // snr is 9, above gamma = 5: the weights are 5/9 for epsilon, 5/10 for v, 5 for the sample
    let above = |prediction_type| {
        diffusion(0.9, Diffusion::new().prediction_type(prediction_type).weighting(SnrWeighting::MinSnr)).1
    };
    let v = |noise: f64, sample: f64| 0.9f64.sqrt() * noise - 0.1f64.sqrt() * sample;
    let of_v = ((1.0 - v(3.0, 7.0)).powi(2) + (2.0 - v(5.0, 11.0)).powi(2)) / 2.0;
    points.extend([
        Point::new("epsilon above the cut", above(Epsilon), [of_noise * 5.0 / 9.0]),
        Point::new("v above the cut", above(VPrediction), [of_v * 0.5]),
        Point::new("sample above the cut", above(Sample), [of_sample * 5.0]),
        Point::new("a NaN in the table", diffusion(NAN, Diffusion::default()).1, [NAN]),
        Point::new("an ᾱ of −0", diffusion(-0.0, Diffusion::new().weighting(SnrWeighting::TruncatedSnr)).1, [INF]),
    ]);
    check(points);
}

fn flow_goes_from_the_sample_to_the_noise() {
    let flow = Diffusion::new().prediction_type(PredictionType::Flow);
    let inverse = flow.clone().weighting(SnrWeighting::InverseSigmaSquared);
    let [x, noise, sample] = [[1.0, 2.0], [3.0, 5.0], [7.0, 11.0]].map(|numbers| floats(&numbers, &[1, 2]));
    let at = |loss: &Diffusion, sigma: f64| loss.of(&x, &noise, &labels(&[1]), &row(&[0.25, sigma])).sample(&sample);
    // (1, 2) against noise − sample, (−4, −6): errors of 25 and 64; with a σ of ½ each counts four times
    let by_name = [("prediction", &x), ("noise", &noise), ("sample", &sample)];
    let (steps, sigmas, alphas) = (labels(&[0]), row(&[0.5]), row(&[NAN]));
    let tables = [("timesteps", &steps), ("sigmas", &sigmas), ("alphas_cumprod", &alphas)];
    check([
        Point::new("no weighting", at(&flow, 0.5), [44.5]).gradient(&x, [5.0, 8.0]),
        Point::new("no weighting at 0", at(&flow, 0.0), [44.5]).gradient(&x, [5.0, 8.0]),
        Point::new("a weighting", at(&inverse, 0.5), [178.0]).gradient(&x, [20.0, 32.0]),
        Point::new("a weighting at 0", at(&inverse, 0.0), [INF]),
        Point::new("a NaN among the noise levels", at(&flow, NAN), [NAN]),
        Point::new("a table that is not read", Term::new(inverse.clone(), by_name.into_iter().chain(tables)), [178.0]),
    ]);
}

fn diffusion_leaves_out_what_has_no_share_in_the_target() {
    let prediction_type = PredictionType::VPrediction;
    let loss = Diffusion { prediction_type, ..Default::default() };
    let (x, noise, sample) = (floats(&[1.0], &[1, 1]), floats(&[3.0], &[1, 1]), floats(&[INF], &[1, 1]));
    let at = |alpha_bar: f64| loss.of(&x, &noise, &labels(&[0]), &row(&[alpha_bar])).with(Extra::Sample, &sample);
    check([
        Point::new("an infinite sample without a share", at(1.0), [4.0]).gradient(&x, [-4.0]),
        Point::new("an infinite sample with a share", at(0.5), [INF]),
    ]);
}

fn diffusion_reduces_items_to_their_means() {
    let (x, noise) = (floats(&[1.0, 1.0, 2.0, 4.0], &[2, 2]), floats(&[0.0; 4], &[2, 2]));
    let term = || Diffusion::default().of(&x, &noise, &labels(&[0, 1]), &row(&[0.5, 0.25]));
    check([
        Point::new("none", term().reduce(Reduction::None), [1.0, 10.0]).gradient(&x, [1.0, 1.0, 2.0, 4.0]),
        Point::new("sum", term().reduce(Reduction::Sum), [11.0])
            .gradient(&x, [1.0, 1.0, 2.0, 4.0])
            .parts([(11.0, 1.0)]),
        Point::new("mean", term(), [5.5]).gradient(&x, [0.5, 0.5, 1.0, 2.0]).parts([(11.0, 2.0)]),
    ]);
}
