//! Options that are refused: out of range, of another kind, unknown, or not suited to the operands.

use super::{check, floats, ints};
use crate::chosen::all;
use crate::draw::option_values;
use crate::harness::{tests, tests_of};
use libtest_mimic::Trial;
use wgloss::header::{Range, Value};
use wgloss::{
    Activation, Array, BceWithLogits, CrossEntropy, Dice, DiceCrossEntropy, Diffusion, Distillation, Extra, InfoNce,
    Loss, Mse, MultiMargin, Observation, PredictionType, Reduction, SigmoidFocal, SmoothOver, SoftmaxFocal, Ssim,
    SupCon, Term, TripletHard, by_id, cpu,
};

pub fn tests() -> Vec<Trial> {
    let mut tests = tests![
        options_out_of_range,
        options_by_name,
        options_that_the_operands_do_not_suit,
        observations_that_a_loss_cannot_make,
        shards_of_a_batch_where_a_loss_has_none,
    ];
    tests.extend(tests_of![all(); every_option_is_refused_just_outside_its_range]);
    tests
}

fn observations_that_a_loss_cannot_make() {
    let (x, t) = (floats(&[2, 3]), ints(&[0, 1], &[2]));
    let ce = || CrossEntropy::default().of(&x, &t);
    check([
        (
            "of another loss",
            Mse::default().of(&x, &x).observe(Observation::Accuracy),
            "invalid_option",
            &["mse", "observe", "accuracy", "a loss of a softmax"][..],
        ),
        (
            "of one loss of a sum",
            (ce() + Mse::default().of(&x, &x)).observe(Observation::Entropy),
            "invalid_option",
            &["mse", "observe", "entropy"],
        ),
        (
            "against probabilities",
            CrossEntropy::default().of(&x, &x).observe(Observation::Perplexity),
            "invalid_option",
            &["cross_entropy", "observe", "perplexity", "labels"],
        ),
        (
            "of another kind",
            Dice::default().of(&floats(&[1, 2, 3]), &floats(&[1, 2, 3])).observe(Observation::Accuracy),
            "invalid_option",
            &["dice", "observe", "accuracy", "one of iou, precision, recall"],
        ),
        (
            "of yes or no",
            BceWithLogits::default().of(&x, &x).observe(Observation::TopK(2)),
            "invalid_option",
            &["bce_with_logits", "observe", "top_2", "expected accuracy"],
        ),
        ("of no class", ce().observe(Observation::TopK(0)), "invalid_option", &["top_0", "≥ 1"]),
        (
            "two of one kind",
            ce().observe(Observation::TopK(2)).observe(Observation::TopK(5)),
            "invalid_option",
            &["top_5", "not a second"],
        ),
        (
            "of a shard of the classes",
            ce().observe(Observation::TopK(2)).classes_from(0, 9).among(&floats(&[1, 2, 11])),
            "invalid_option",
            &["observe", "top_2", "whole rows"],
        ),
        (
            "by statistics without them",
            ce().observe(Observation::Entropy).classes_from(0, 9).among(&floats(&[1, 2, 8])),
            "shape_mismatch",
            &["among", "[S, 2, 11]", "[1, 2, 8]"],
        ),
    ]);
    assert!(cpu::value(&CrossEntropy::default().of(&x, &x).observe(Observation::Entropy)).is_ok());
}

fn options_out_of_range() {
    let (x, t) = (floats(&[2, 3]), ints(&[0, 1], &[2]));
    let ce = |change: fn(&mut CrossEntropy)| {
        let mut loss = CrossEntropy::default();
        change(&mut loss);
        loss.of(&x, &t)
    };
    let nan = |term: fn(Term<Array>) -> Term<Array>| term(Mse::default().of(&x, &x));
    check([
        (
            "above",
            ce(|ce| ce.label_smoothing = 1.5),
            "invalid_option",
            &["cross_entropy", "label_smoothing", "1.5", "[0, 1]"][..],
        ),
        ("below", ce(|ce| ce.z_loss = -1.0), "invalid_option", &["cross_entropy", "z_loss", "-1", "≥ 0"]),
        ("NaN", ce(|ce| ce.label_smoothing = f32::NAN), "invalid_option", &["label_smoothing", "NaN", "[0, 1]"]),
        ("infinite", ce(|ce| ce.z_loss = f32::INFINITY), "invalid_option", &["z_loss", "inf", "≥ 0"]),
        (
            "smoothing over some classes of a shard",
            ce(|ce| (ce.label_smoothing, ce.smooth_over) = (0.5, SmoothOver::Finite))
                .classes_from(0, 9)
                .among(&floats(&[1, 2, 8])),
            "invalid_option",
            &["cross_entropy", "smooth_over", "finite", "all, for a shard"],
        ),
        (
            "one that may be none",
            SigmoidFocal { alpha: Some(-0.1), ..Default::default() }.of(&x, &x),
            "invalid_option",
            &["sigmoid_focal", "alpha", "-0.1", "none or", "[0, 1]"],
        ),
        (
            "focal",
            SoftmaxFocal { gamma: -2.0, ..Default::default() }.of(&x, &t),
            "invalid_option",
            &["softmax_focal", "gamma", "-2"],
        ),
        (
            "a window without a middle",
            Ssim::new().window(8).of(&floats(&[1, 1, 9, 9]), &floats(&[1, 1, 9, 9])),
            "invalid_option",
            &["ssim", "window", "8", "odd"],
        ),
        (
            "a power it has not",
            MultiMargin { p: 3, ..Default::default() }.of(&x, &t),
            "invalid_option",
            &["multi_margin", "p", "3", "an integer", "[1, 2]"],
        ),
        (
            "a temperature of 0",
            Distillation::new().temperature(0.0).of(&x, &x),
            "invalid_option",
            &["distillation", "temperature", "0", "> 0"],
        ),
        (
            "a reduction it has not",
            nan(|t| t.reduce(Reduction::BatchMean)),
            "invalid_option",
            &["mse", "reduction", "batch_mean", "mean, sum, none"],
        ),
        (
            "a mean over sequences it has not",
            nan(|t| t.reduce(Reduction::SequenceMean)),
            "invalid_option",
            &["mse", "reduction", "sequence_mean", "mean, sum, none"],
        ),
        (
            "a sum of two losses, not reduced",
            DiceCrossEntropy::default().of(&x, &t).reduce(Reduction::None),
            "invalid_option",
            &["dice_cross_entropy", "reduction", "none", "mean, sum"],
        ),
        ("a NaN upstream", nan(|t| t.upstream(f32::NAN)), "invalid_option", &["mse", "upstream", "NaN", "finite"]),
        (
            "an infinite divisor",
            nan(|t| t.divide_by(f32::INFINITY)),
            "invalid_option",
            &["mse", "divide_by", "inf", "finite"],
        ),
        ("a NaN weight", nan(|t| f32::NAN * t), "invalid_option", &["mse", "weight", "NaN", "finite"]),
        (
            "not reduced, in a sum",
            Mse::default().of(&x, &x) + SigmoidFocal::default().of(&x, &x).reduce(Reduction::None),
            "invalid_option",
            &["sigmoid_focal", "reduction", "none", "sum of terms"],
        ),
    ]);
}

/// The ends of every range of every loss: numbers that the range contains are accepted, their neighbours outside are
/// refused.
fn every_option_is_refused_just_outside_its_range(loss: &dyn Loss) {
    let header = loss.header();
    let refusal = |name: &str, value: Value| {
        // there are no operands: a good option leads to the refusal of a missing operand, a bad one to its own
        let term = Term::<Array>::from_options((header.default)(), [(name, value)], []);
        term.and_then(|term| cpu::value(&term)).unwrap_err()
    };
    for (spec, default) in loss.specs().iter().zip(loss.values()) {
        let outside: &[f32] = match spec.range {
            Range::AtLeast(low) => &[low as f32 - 1e-6, f32::NAN, f32::INFINITY],
            Range::Above(low) => &[low as f32, f32::NAN, f32::INFINITY],
            Range::Within(low, high) => &[low as f32 - 1e-6, high as f32 + 1e-6, f32::NAN],
            Range::Between(low, high) => &[low as f32, high as f32, f32::NAN],
            Range::Any => &[],
        };
        for &number in outside {
            let error = refusal(spec.name, Value::Number(number.into()));
            assert_eq!(error.kind(), "invalid_option", "{} {} of {number}", header.id, spec.name);
            assert!(error.to_string().contains(spec.name), "{error}");
        }
        for value in option_values(spec, &default) {
            let kind = refusal(spec.name, value.clone()).kind();
            // diffusion refuses two kinds of options by their combination: a prediction type that needs a sample, and a
            // weighting that belongs to another prediction type
            let needed = spec.name == "prediction_type" && value != default;
            let alone = value == Value::Name("inverse_sigma_squared".into());
            let refused = header.id == "diffusion" && (needed || alone);
            let expected = if refused { "invalid_option" } else { "invalid_operand" };
            assert_eq!(kind, expected, "{} {} of {value}", header.id, spec.name);
        }
    }
}

fn options_by_name() {
    let refused = |id: &str, name: &str, value: Value| {
        Term::<Array>::from_options(by_id(id).unwrap(), [(name, value)], []).map(|_| ()).unwrap_err()
    };
    for (id, name, value, pieces) in [
        ("dice", "smoothing", Value::Number(1.0), &["dice", "smoothing", "smooth_nr", "reduction"][..]),
        ("dice", "activation", Value::Name("relu".into()), &["dice", "activation", "relu", "softmax, sigmoid, none"]),
        ("dice", "batch", Value::Number(1.0), &["batch", "1", "true or false"]),
        ("dice", "ignore_index", Value::Number(0.5), &["ignore_index", "0.5", "integer"]),
        ("cross_entropy", "ignore_index", Value::None, &["ignore_index", "none", "integer"]),
        ("cross_entropy", "ignore_index", Value::Number(3e9), &["ignore_index", "3000000000", "integer"]),
        ("sigmoid_focal", "gamma", Value::None, &["gamma", "none", "≥ 0"]),
        ("multi_margin", "p", Value::Number(1.5), &["multi_margin", "p", "1.5", "integer", "[1, 2]"]),
        ("mse", "reduction", Value::Name("median".into()), &["mse", "reduction", "median", "mean, sum, none"]),
    ] {
        let error = refused(id, name, value);
        assert_eq!(error.kind(), "invalid_option");
        for piece in pieces {
            assert!(error.to_string().contains(piece), "{error} lacks {piece}");
        }
    }
}

fn options_that_the_operands_do_not_suit() {
    let (one, t) = (floats(&[2, 1, 3]), ints(&[0; 6], &[2, 3]));
    let without = Dice { activation: Activation::Sigmoid, include_background: false, ..Default::default() };
    let (x, index, table) = (floats(&[2, 3]), ints(&[0, 1], &[2]), floats(&[4]));
    let sample = Diffusion { prediction_type: PredictionType::Sample, ..Default::default() };
    check([
        (
            "a softmax of one channel",
            Dice::default().of(&one, &t),
            "invalid_option",
            &["dice", "activation", "softmax", "one channel"][..],
        ),
        (
            "no background of one channel",
            without.of(&one, &t),
            "invalid_option",
            &["dice", "include_background", "false", "one channel"],
        ),
        (
            "a softmax of one channel, and cross-entropy",
            DiceCrossEntropy::default().of(&one, &t),
            "invalid_option",
            &["dice_cross_entropy", "activation", "softmax", "one channel"],
        ),
        (
            "a sample that is needed",
            sample.of(&x, &x, &index, &table),
            "invalid_option",
            &["diffusion", "prediction_type", "sample"],
        ),
    ]);
}

fn shards_of_a_batch_where_a_loss_has_none() {
    let (x, all, t) = (floats(&[2, 3]), floats(&[9, 3]), ints(&[0, 1], &[2]));
    let nce = |symmetric| InfoNce { symmetric, ..Default::default() }.of(&x, &all).rows_from(4);
    let sup_con = || SupCon::default().of(&x, &t);
    let triplet = || TripletHard::default().of(&x, &t);
    let refused = "invalid_option";
    check([
        (
            "no pairs",
            Mse::default().of(&x, &x).rows_from(7),
            refused,
            &["mse", "rows_from", "7", "a loss of all pairs"][..],
        ),
        ("classes", CrossEntropy::default().of(&x, &t).rows_from(0), refused, &["cross_entropy", "rows_from", "0"]),
        (
            "a sum of losses",
            DiceCrossEntropy::default().of(&x, &t).rows_from(0),
            refused,
            &["dice_cross_entropy", "rows_from", "a loss of all pairs"],
        ),
        (
            "one in a sum of terms",
            nce(false) + Mse::default().of(&x, &x).rows_from(7),
            refused,
            &["mse", "rows_from", "7"],
        ),
        (
            "both directions",
            nce(true),
            refused,
            &["info_nce", "symmetric", "one direction", "keys' shard against all queries", "half of each"],
        ),
        (
            "anchors that are not given",
            triplet().rows_from(0),
            refused,
            &["triplet_hard", "rows_from", "0", "`anchors`"],
        ),
        (
            "keys of a loss that sums over none",
            triplet().with(Extra::Anchors, &x).rows_from(0).keys_from(0, 9),
            refused,
            &["triplet_hard", "keys_from", "0 of 9", "sums over keys"],
        ),
        ("no anchors", sup_con().rows_from(0), refused, &["sup_con", "rows_from", "0", "`anchors`"]),
        ("an option before a shape", sup_con().with(Extra::Mask, &x).rows_from(5), refused, &["sup_con", "`anchors`"]),
    ]);
    assert!(cpu::value(&nce(false)).is_ok());
    assert!(cpu::value(&sup_con().with(Extra::Anchors, &x).rows_from(0)).is_ok());
}
