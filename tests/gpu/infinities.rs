//! Infinities, weights of 0 and numbers at the ends of f32, where GPU and twin have to agree.

use crate::draw::labels_of;
use crate::edges::{as_the_twin, numbers};
use crate::gpu;
use crate::harness::tests;
use crate::judge::Given;
use libtest_mimic::Trial;
use wgloss::{
    Activation, Array, BoxIou, CrossEntropy, DType, Dice, DiceBce, DiceCrossEntropy, DiceFocal, Distillation,
    DistillationDirection, Extra, GeneralizedCrossEntropy, GeneralizedDice, GramStyle, InfoNce, IouKind, KlDiv,
    KlPenalty, LinearCrossEntropy, MsSsim, Orpo, PpoKind, PpoPolicy, Reduction, SmoothOver, SoftmaxFocal, Ssim, Term,
    TotalVariation, TripletMargin, Tversky, Wing, cpu,
};

pub fn tests() -> Vec<Trial> {
    tests![
        equally_great_differences_share_a_slope_at_every_power,
        a_negative_that_is_left_out_adds_nothing_to_the_scale,
        an_infinite_probability_shows_as_in_the_twin,
        an_infinite_sample_weight_meets_the_sum_of_an_item,
        a_sample_weight_of_0_meets_the_upstream_gradient,
        a_nan_slope_is_that_of_its_two_channels,
        pictures_of_any_data_range_are_scored_alike,
        elements_that_meet_infinities_are_the_twins,
        a_masked_label_has_no_share_of_the_smoothing,
        a_product_past_f32_leaves_the_gradient_finite,
        an_infinite_sample_weight_makes_a_position_infinite,
        a_share_of_a_masked_class_may_be_negative,
        the_lowest_f32_may_be_the_greatest_logit,
        an_infinite_share_of_the_greatest_logit_makes_the_loss_infinite,
        a_square_past_f32_leaves_the_z_loss_finite,
        a_power_next_to_0_gives_the_cross_entropy,
        classes_at_the_lowest_f32_are_as_good_as_masked,
    ]
}

/// The root of a large power is 1, rounded, but its power p is the number of the greatest differences.
fn equally_great_differences_share_a_slope_at_every_power() {
    let anchor = Array::new(&[1.0f32, -1.0, 0.5], [1, 3]).unwrap();
    let zeros = Array::new(&[0.0f32; 3], [1, 3]).unwrap();
    for p in [100.0, 1e4, 1e8, f32::MAX] {
        let loss = TripletMargin { p, eps: f32::MIN_POSITIVE, ..TripletMargin::default() };
        as_the_twin(&format!("p = {p}"), &loss.of(&anchor, &zeros, &anchor), &anchor);
    }
}

/// Its score with every query is left out, and so is its NaN.
fn a_negative_that_is_left_out_adds_nothing_to_the_scale() {
    let query = Array::new(&[1.0f32, 2.0, 3.0, 1.0], [2, 2]).unwrap();
    let key = Array::new(&[1.0f32, 1.0, 2.0, -1.0], [2, 2]).unwrap();
    let negatives = Array::new(&[f32::NAN, 1.0, 0.5, 1.0], [2, 2]).unwrap();
    let (scale, labels) = (Array::new(&[2.0f32], [1]).unwrap(), Array::new(&[5i32, 5, 5, 6], [4]).unwrap());
    let loss = InfoNce::default().of(&query, &key).with(Extra::Negatives, &negatives);
    let loss = loss.with(Extra::LogitScale, &scale).labels(&labels);
    as_the_twin("info_nce", &loss, &scale);
}

/// An infinite probability makes a sum NaN, by 0 times infinity or by infinities of both signs. The bound of a log, and a factor of 0
/// before a sum, must not hide it. With `soft_label` a hit is the lesser of probability and target, which may be finite.
fn an_infinite_probability_shows_as_in_the_twin() {
    let given = |x: f32, t: f32| {
        let x = Array::new(&[x, 0.25, 0.75, 0.5], [1, 2, 2]).unwrap();
        (x, Array::new(&[t, 1.0, 1.0 - t, 0.0], [1, 2, 2]).unwrap())
    };
    let activation = Activation::None;
    let dice = Dice { activation, smooth_nr: 0.0, ..Dice::default() };
    let tversky = Tversky { activation, ..Tversky::default() };
    for (x, t) in [f32::INFINITY, f32::NEG_INFINITY].into_iter().flat_map(|x| [0.0, 0.5, 1.0].map(|t| (x, t))) {
        let (x, t) = given(x, t);
        for (name, term) in [
            ("dice", dice.of(&x, &t)),
            ("log", Dice { log_loss: true, ..dice }.of(&x, &t)),
            ("log of jaccard", Dice { log_loss: true, jaccard: true, ..dice }.of(&x, &t)),
            ("log of squares", Dice { log_loss: true, squared_pred: true, ..dice }.of(&x, &t)),
            ("soft log", Dice { log_loss: true, soft_label: true, ..dice }.of(&x, &t)),
            ("tversky", Tversky { alpha: 0.0, log_loss: true, ..tversky }.of(&x, &t)),
            ("misses alone", Tversky { beta: 0.0, log_loss: true, ..tversky }.of(&x, &t)),
            ("generalized", GeneralizedDice { activation, ..GeneralizedDice::default() }.of(&x, &t)),
            (
                "cross-entropy",
                DiceCrossEntropy { activation, log_loss: true, ..DiceCrossEntropy::default() }.of(&x, &t),
            ),
            ("bce", DiceBce { activation, log_loss: true, ..DiceBce::default() }.of(&x, &t)),
            ("focal", DiceFocal { activation, log_loss: true, ..DiceFocal::default() }.of(&x, &t)),
        ] {
            let want = Given::by_twin(cpu::gradient_list(&term, &[&x]).unwrap());
            let got = Given::by_gpu(gpu(), &term, &[&x]).unwrap();
            got.judge(&want).unwrap_or_else(|error| panic!("{name} of {x:?} and {t:?}: {error}"));
        }
    }
}

/// A sample weight multiplies the sum of its item. Many lanes share an item, and some of their sums are 0: times infinity
/// each would be NaN, where the item's loss is infinite.
fn an_infinite_sample_weight_meets_the_sum_of_an_item() {
    let x = numbers(&[2, 1, 13, 15]);
    let y = Array::new(&x.to_f64().iter().map(|x| 0.5 * *x as f32).collect::<Vec<_>>(), x.shape()).unwrap();
    let weight = Array::new(&[f32::INFINITY, 1.0], [2]).unwrap();
    for (name, term) in [("total_variation", TotalVariation::default().of(&x)), ("ssim", Ssim::default().of(&x, &y))] {
        for reduction in [Reduction::Sum, Reduction::None] {
            let term = term.clone().sample_weight(&weight).reduce(reduction);
            let got = gpu().value(&term).unwrap().tensor().read().wait().unwrap();
            assert_eq!(cpu::value(&term).unwrap().tensor().to_f64()[0], f64::INFINITY, "{name}, {reduction:?}");
            assert_eq!(got.to_f64()[0], f64::INFINITY, "{name}, {reduction:?}");
        }
    }
}

/// A sample weight of 0 does not mask: its product with an upstream gradient of NaN or infinity is NaN.
fn a_sample_weight_of_0_meets_the_upstream_gradient() {
    let (x, weight) = (numbers(&[2, 1, 3, 3]), Array::new(&[0.0f32, 1.0], [2]).unwrap());
    for number in [f32::NAN, f32::INFINITY] {
        let upstream = Array::new(&[number], []).unwrap();
        let term = TotalVariation::default().of(&x).sample_weight(&weight).reduce(Reduction::Sum).upstream(&upstream);
        judged("total_variation", &term, &x);
        let (_, [gradient]) = cpu::gradients(&term, [&x]).unwrap();
        assert!(gradient.to_f64()[..9].iter().all(|d| d.is_nan()), "{number}: {:?}", gradient.to_f64());
    }
}

/// The product of two channels has a slope of NaN. It reaches the gradients of both, which two tiles of 64 channels have, and no
/// other.
fn a_nan_slope_is_that_of_its_two_channels() {
    let (x, y) = (numbers(&[1, 66, 3]), Array::new(&[0.5f32; 198], [1, 66, 3]).unwrap());
    let upstream: Vec<f32> = (0..66 * 66).map(|pair| if pair == 65 { f32::NAN } else { 1.0 }).collect();
    let upstream = Array::new(&upstream, [1, 66, 66]).unwrap();
    let term = GramStyle::default().of(&x, &y).reduce(Reduction::None).upstream(&upstream);
    let want = Given::by_twin(cpu::gradient_list(&term, &[&x]).unwrap());
    for (k, channel) in want.gradients[0].to_f64().chunks(3).enumerate() {
        assert!(channel.iter().all(|d| d.is_nan() == [0, 65].contains(&k)), "{k}: {channel:?}");
    }
    Given::by_gpu(gpu(), &term, &[&x]).unwrap().judge(&want).unwrap();
}

/// Windows are scored in a unit near the data range: in others, the squares of pixels overflow or vanish. What overflows all the
/// same is NaN, and not the 0 of pictures that are alike.
fn pictures_of_any_data_range_are_scored_alike() {
    let of = |by: f32| {
        let pixels: Vec<f32> = numbers(&[1, 1, 13, 15]).to_f64().iter().map(|x| by * *x as f32).collect();
        Array::new(&pixels, [1, 1, 13, 15]).unwrap()
    };
    for data_range in [-80, 80].map(|exponent| 2f32.powi(exponent)) {
        let (x, y) = (of(data_range), of(0.5 * data_range));
        as_the_twin("ssim", &Ssim::new().data_range(data_range).of(&x, &y), &x);
        as_the_twin("ms_ssim", &MsSsim::new().window(1).data_range(data_range).of(&x, &y), &x);
    }
    let [light, dark] = [2e19f32, 1e19].map(|pixel| Array::new(&[pixel; 121], [1, 1, 11, 11]).unwrap());
    assert!(gpu().value(&Ssim::default().of(&light, &dark)).unwrap().loss().wait().unwrap().is_nan());
}

/// 0 times infinity is NaN where the formula has this product, and nowhere else.
fn elements_that_meet_infinities_are_the_twins() {
    const INF: f32 = f32::INFINITY;
    let of = |numbers: &[f32]| Array::new(numbers, [numbers.len()]).unwrap();
    let (x, at_1, zero) = (of(&[9.0, 1.0]), of(&[9.0, 0.0]), of(&[0.0, 1.0]));
    let (logs, certain) = (of(&[-INF, -1.0]), of(&[0.0, -0.0]));
    let boxes = |corners: [f32; 4]| Array::new(&corners, [1, 4]).unwrap();
    let inverted = boxes([3.0, 2.0, 3.0, 1.0]);
    let dual_clip = PpoPolicy { kind: PpoKind::DualClip, ..PpoPolicy::default() };
    let giou = BoxIou { kind: IouKind::Giou, ..BoxIou::default() };
    for (name, x, term) in [
        // the loss is 0, and its slope is not
        ("an infinite weight", &x, KlPenalty::default().of(&x, &at_1).sample_weight(&of(&[INF, 1.0]))),
        ("an infinite advantage", &x, dual_clip.of(&x, &zero, &of(&[-INF, -1.0]))),
        ("a certain answer that is rejected", &certain, Orpo::default().of(&of(&[-1.0; 2]), &certain)),
        ("a small epsilon", &x, Wing { epsilon: 2e-38, ..Wing::default() }.of(&x, &of(&[0.0, 1.0]))),
        ("a small probability", &logs, KlDiv { log_target: true }.of(&logs, &of(&[-100.0, -1.0]))),
        ("an inverted hull", &inverted, giou.of(&inverted, &boxes([1.0, INF, 3.0, 1.0]))),
    ] {
        judged(name, &term.reduce(Reduction::Sum), x);
    }
}

/// The smoothing leaves out a class that a bias of −∞ masks, also where it is a row's label. With a smoothing of 1 its bias has no
/// gradient.
fn a_masked_label_has_no_share_of_the_smoothing() {
    let (x, w) = (numbers(&[2, 3]), numbers(&[4, 3]));
    let bias = Array::new(&[0.5, f32::NEG_INFINITY, 0.25, 0.0], [4]).unwrap();
    let smooth_over = SmoothOver::Finite;
    let loss = LinearCrossEntropy { label_smoothing: 1.0, smooth_over, ..LinearCrossEntropy::default() };
    let term = loss.of(&x, &w, &labels_of(&[1, 3], DType::I32, &[2])).with(Extra::Bias, &bias);
    as_the_twin("linear_cross_entropy", &term, &bias);
}

/// A logit of −∞, a product past the range of f32, has a slope of 0. Their product must not be NaN.
fn a_product_past_f32_leaves_the_gradient_finite() {
    let x = Array::new(&[1e20f32, 0.5, 1.0, 1.0], [2, 2]).unwrap();
    let w = Array::new(&[1.0f32, 1.0, -1e20, 1.0, 0.5, -1.0], [3, 2]).unwrap();
    let term = LinearCrossEntropy::default().of(&x, &w, &labels_of(&[0, 2], DType::I32, &[2]));
    as_the_twin("linear_cross_entropy", &term, &x);
}

/// Compares the loss and the gradient of `x` with the twin's, which may be infinite or NaN. Returns the twin's loss.
fn judged(name: &str, term: &Term<Array>, x: &Array) -> f64 {
    let want = Given::by_twin(cpu::gradient_list(term, &[x]).unwrap());
    let given = Given::by_gpu(gpu(), term, &[x]).unwrap();
    given.judge(&want).unwrap_or_else(|error| panic!("{name}: {error}"));
    want.loss.unwrap()
}

/// A loss without an extra loss must not be NaN for the product of this nothing with an infinite weight.
fn an_infinite_sample_weight_makes_a_position_infinite() {
    let (x, labels) = (numbers(&[2, 3]), labels_of(&[0, 2], DType::I32, &[2]));
    let teacher = Array::new(&[0.5f32, -1.0, 0.0, 0.25, 1.0, -2.0], [2, 3]).unwrap();
    let weight = Array::new(&[f32::INFINITY, 1.0], [2]).unwrap();
    for (name, term) in [
        ("cross_entropy", CrossEntropy::default().of(&x, &labels)),
        ("softmax_focal", SoftmaxFocal::default().of(&x, &labels)),
        ("distillation", Distillation::default().of(&x, &teacher)),
    ] {
        let loss = judged(name, &term.sample_weight(&weight).reduce(Reduction::Sum), &x);
        assert_eq!(loss, f64::INFINITY, "{name}");
    }
}

/// A negative class weight makes the infinite surprise of a masked class −∞; and NaN beside one of +∞.
fn a_share_of_a_masked_class_may_be_negative() {
    let x = Array::new(&[f32::NEG_INFINITY, f32::NEG_INFINITY, 0.5, 1.0], [1, 4]).unwrap();
    let weights = Array::new(&[-1.0f32, 1.0, 1.0, 1.0], [4]).unwrap();
    for (shares, want) in [([1.0f32, 0.0, 0.5, 0.0], f64::NEG_INFINITY), ([1.0, 1.0, 0.5, 0.0], f64::NAN)] {
        let shares = Array::new(&shares, [1, 4]).unwrap();
        let loss = judged("cross_entropy", &CrossEntropy::default().of(&x, &shares).weight(&weights), &x);
        assert!(loss == want || (loss.is_nan() && want.is_nan()), "{loss}, not {want}");
    }
}

/// A state without classes has the lowest f32 as its peak. A class with this logit is the peak all the same.
fn the_lowest_f32_may_be_the_greatest_logit() {
    let x = Array::new(&[f32::NEG_INFINITY, f32::MIN, f32::NEG_INFINITY], [1, 3]).unwrap();
    let probabilities = Array::new(&[0.0f32, 1.0, 0.0], [1, 3]).unwrap();
    as_the_twin("probabilities", &CrossEntropy::default().of(&x, &probabilities), &x);
    let loss = CrossEntropy { label_smoothing: 0.25, smooth_over: SmoothOver::Finite, ..CrossEntropy::default() };
    as_the_twin("labels", &loss.of(&x, &labels_of(&[1], DType::I32, &[1])), &x);
}

fn an_infinite_share_of_the_greatest_logit_makes_the_loss_infinite() {
    // the second of two equal logits, and a logit that all others lie below
    for (place, x) in [(1, [2.0f32, 2.0, 0.0]), (2, [0.0, 1.0, 2.0])] {
        let x = Array::new(&x, [1, 3]).unwrap();
        let shares = Array::new(&[0.25f32, 0.25, 0.5], [1, 3]).unwrap();
        let weights: Vec<f32> = (0..3).map(|k| if k == place { f32::INFINITY } else { 1.0 }).collect();
        let term = CrossEntropy::default().of(&x, &shares).weight(&Array::new(&weights, [3]).unwrap());
        assert_eq!(cpu::value(&term).unwrap().loss().unwrap(), f64::INFINITY, "{x:?}");
        assert_eq!(gpu().value(&term).unwrap().loss().wait().unwrap(), f32::INFINITY, "{x:?}");
    }
}

fn a_square_past_f32_leaves_the_z_loss_finite() {
    let x = Array::new(&[1e20f32, 0.5, 0.0], [1, 3]).unwrap();
    let loss = CrossEntropy { z_loss: 1e-4, ..CrossEntropy::default() };
    as_the_twin("cross_entropy", &loss.of(&x, &labels_of(&[0], DType::I32, &[1])), &x);
}

fn a_power_next_to_0_gives_the_cross_entropy() {
    let (x, labels) = (numbers(&[3, 4]), labels_of(&[0, 3, 1], DType::I32, &[3]));
    for q in [1e-45, 2e-38, 1e-30] {
        let loss = GeneralizedCrossEntropy { q, ..GeneralizedCrossEntropy::default() };
        as_the_twin(&format!("q {q:e}"), &loss.of(&x, &labels), &x);
    }
}

/// Callers mask classes by the lowest f32 too. A low temperature makes gaps to such a logit infinite.
fn classes_at_the_lowest_f32_are_as_good_as_masked() {
    use DistillationDirection::{Forward, Js};
    const LOWEST: f32 = f32::MIN;
    // the classes lie apart: three positions, the last with nothing but the lowest f32
    let student = [LOWEST, 0.4, LOWEST, 0.25, LOWEST, LOWEST, 1.25, -0.5, LOWEST, -0.75, LOWEST, LOWEST];
    let teacher = [LOWEST, LOWEST, LOWEST, LOWEST, LOWEST, LOWEST, 0.25, 0.125, LOWEST, 0.5, LOWEST, LOWEST];
    let [student, teacher] = [student, teacher].map(|x| Array::new(&x, [1, 4, 3]).unwrap());
    for (direction, temperature) in [(Forward, 0.5), (Forward, 1.0), (Forward, 4.0), (Js, 0.5)] {
        let loss = Distillation { direction, temperature, ..Distillation::default() };
        as_the_twin(&format!("{direction:?} at {temperature}"), &loss.of(&student, &teacher), &student);
    }
}
