//! Which numbers a checked term refuses: only those that take part, by the range of each operand; and how the error names
//! them.

use crate::harness::tests;
use crate::point::{floats, labels, row};
use libtest_mimic::Trial;
use wgloss::{
    Activation, Array, Bce, BceWithLogits, CosineEmbedding, CrossEntropy, Ctc, DType, Dice, DiceCrossEntropy,
    Diffusion, Distillation, Error, KlDiv, Kto, LinearCrossEntropy, MarginRanking, Mse, Quantile, SigmoidFocal, Term,
    Vae, cpu,
};

pub fn tests() -> Vec<Trial> {
    tests![numbers_are_refused_where_they_take_part, a_refusal_names_the_number_and_what_it_may_be]
}

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

/// The refusal of a checked term: none, or the kind of error, the operand and the index of the number.
type Wanted = Option<(&'static str, &'static str, u64)>;

fn not_finite(operand: &'static str, position: u64) -> Wanted {
    Some(("not_finite", operand, position))
}

fn out_of_range(operand: &'static str, position: u64) -> Wanted {
    Some(("target_out_of_range", operand, position))
}

/// Terms of two or three rows, each with the expected refusal.
fn rows() -> Vec<(&'static str, Term<Array>, Wanted)> {
    let three = |a: f64, b: f64, c: f64| row(&[a, b, c]);
    let two = |numbers: [f64; 4]| floats(&numbers, &[2, 2]);
    let (zeros, hits) = (three(0.0, 0.0, 0.0), labels(&[0, 1]));
    let ce = CrossEntropy::default();
    vec![
        ("good numbers", Mse::default().of(&three(1.0, -2.0, 1e30), &zeros), None),
        ("a NaN", Mse::default().of(&three(1.0, NAN, INF), &zeros), not_finite("input", 1)),
        ("an infinity of the target", Mse::default().of(&zeros, &three(0.0, 0.0, -INF)), not_finite("target", 2)),
        (
            "a NaN where the mask is 0",
            Mse::default().of(&three(1.0, NAN, 2.0), &zeros).mask(&three(1.0, 0.0, 1.0)),
            None,
        ),
        ("a mask of 0.5", Mse::default().of(&zeros, &zeros).mask(&three(1.0, 0.5, 1.0)), out_of_range("mask", 1)),
        ("a mask of integers", Mse::default().of(&zeros, &zeros).mask(&three(1.0, 2.0, 255.0).cast(DType::U8)), None),
        (
            "a sample weight",
            Mse::default().of(&zeros, &zeros).sample_weight(&three(1.0, 2.0, NAN)),
            not_finite("sample_weight", 2),
        ),
        (
            "a weight that is broadcast",
            Mse::default().of(&two([0.0; 4]), &two([0.0; 4])).weight(&row(&[1.0, INF])),
            not_finite("weight", 1),
        ),
        (
            "a row's number where the mask leaves out one of its elements",
            Quantile { quantiles: vec![0.25, 0.75] }
                .of(&two([0.0; 4]), &row(&[0.0, NAN]))
                .mask(&two([1.0, 0.0, 1.0, 1.0])),
            not_finite("target", 1),
        ),
        (
            "a number whose mean the loss takes",
            Kto::default().of(&zeros, &zeros, &three(1.0, 0.0, 1.0)).kl(&row(&[0.5, NAN])),
            not_finite("kl", 1),
        ),
        // a softmax
        ("a masked class", ce.of(&two([0.0, -INF, 1.0, 2.0]), &labels(&[0, 0])), None),
        ("an infinite logit", ce.of(&two([0.0, 1.0, INF, 2.0]), &hits), not_finite("input", 2)),
        ("an f64 that no f32 holds", ce.of(&two([0.0, 1e300, 1.0, 2.0]), &hits), not_finite("input", 1)),
        ("a NaN beside an ignored label", ce.of(&two([0.0, 1.0, NAN, 2.0]), &labels(&[0, -100])), None),
        (
            "a NaN of pixels beside an ignored label",
            ce.of(&floats(&[0.0, NAN, 1.0, 0.0, NAN, 2.0], &[1, 2, 3]), &Array::new(&[0i32, -100, 1], [1, 3]).unwrap()),
            None,
        ),
        (
            "a NaN of a pixel's second class",
            ce.of(&floats(&[0.0, 0.0, 1.0, 0.0, NAN, 2.0], &[1, 2, 3]), &Array::new(&[0i32, 0, 1], [1, 3]).unwrap()),
            not_finite("input", 4),
        ),
        (
            "a NaN whose classes lie last",
            ce.of(
                &floats(&[0.0, 0.0, 1.0, 0.0, NAN, 2.0], &[1, 3, 2]).class_axis_last(),
                &Array::new(&[0i32, 0, -100], [1, 3]).unwrap(),
            ),
            None,
        ),
        (
            "a label first",
            ce.of(&two([0.0, 1.0, NAN, 2.0]), &labels(&[0, 2])),
            Some(("label_out_of_range", "target", 1)),
        ),
        ("probabilities", ce.of(&two([0.0; 4]), &two([0.25, 0.75, 1.0, 0.0])), None),
        ("a probability above 1", ce.of(&two([0.0; 4]), &two([0.25, 0.75, 1.5, -0.5])), out_of_range("target", 2)),
        ("a sum of 0.9", ce.of(&two([0.0; 4]), &two([0.25, 0.75, 0.5, 0.4])), out_of_range("target", 1)),
        ("a sum within a thousandth", ce.of(&two([0.0; 4]), &two([0.25, 0.75, 0.5, 0.4995])), None),
        (
            "a sum within a hundredth, in bf16",
            ce.of(&two([0.0; 4]), &two([0.25, 0.75, 0.5, 0.494]).cast(DType::BF16)),
            None,
        ),
        (
            "probabilities of pixels",
            ce.of(&floats(&[0.0; 6], &[1, 2, 3]), &floats(&[0.5, 0.25, 1.0, 0.5, 0.25, 0.0], &[1, 2, 3])),
            out_of_range("target", 1),
        ),
        ("a class weight", ce.of(&two([0.0; 4]), &hits).weight(&row(&[1.0, NAN])), not_finite("weight", 1)),
        (
            "a teacher's masked class",
            Distillation::default().of(&two([0.0, 1.0, 2.0, 3.0]), &two([0.0, -INF, 1.0, 0.0])),
            None,
        ),
        // the ranges of targets
        ("a target of logits", BceWithLogits::default().of(&zeros, &three(0.0, 0.5, 1.5)), out_of_range("target", 2)),
        (
            "an integer target",
            BceWithLogits::default().of(&zeros, &three(0.0, 1.0, 3.0).cast(DType::I32)),
            out_of_range("target", 2),
        ),
        ("a soft target", SigmoidFocal::default().of(&zeros, &three(0.0, 0.5, 1.0)), None),
        ("a prediction beyond 1", Bce::default().of(&three(0.5, 0.5, 1.5), &zeros), None),
        ("a sign", MarginRanking::default().of(&zeros, &zeros, &three(1.0, -1.0, 0.0)), out_of_range("target", 2)),
        (
            "a sign of rows",
            CosineEmbedding::default().of(&two([1.0; 4]), &two([1.0; 4]), &row(&[1.0, 0.0])),
            out_of_range("target", 1),
        ),
        (
            "a NaN of a row that is masked",
            CosineEmbedding::default()
                .of(&two([1.0, 1.0, NAN, 1.0]), &two([1.0; 4]), &row(&[1.0, 1.0]))
                .mask(&row(&[1.0, 0.0])),
            None,
        ),
        ("a log-probability of nothing", KlDiv::default().of(&three(-INF, 0.0, 0.0), &three(0.0, 0.5, 0.5)), None),
        (
            "a log in the place of a probability",
            KlDiv::default().of(&zeros, &three(-1.0, 0.0, 0.0)),
            out_of_range("target", 0),
        ),
        (
            "a log where the loss takes logs",
            KlDiv::default().log_target(true).of(&zeros, &three(-1.0, -INF, -3.0)),
            None,
        ),
        // regions
        (
            "a region's ignored pixel",
            Dice { ignore_index: Some(9), ..Dice::default() }
                .of(&floats(&[0.0, NAN, 0.0, 0.0, NAN, 1.0], &[1, 2, 3]), &Array::new(&[0i32, 9, 1], [1, 3]).unwrap()),
            None,
        ),
        (
            "a mask of a region's elements",
            Dice { activation: Activation::Sigmoid, ..Dice::default() }
                .of(&floats(&[0.0, NAN, 0.0, 0.0], &[1, 2, 2]), &floats(&[0.0, 1.0, 0.0, 1.0], &[1, 2, 2]))
                .mask(&floats(&[1.0, 0.0, 1.0, 1.0], &[1, 2, 2])),
            None,
        ),
        (
            "a region's probabilities beside a cross-entropy",
            DiceCrossEntropy::default().of(&floats(&[0.0; 4], &[1, 2, 2]), &floats(&[0.5, 0.5, 0.5, 0.25], &[1, 2, 2])),
            out_of_range("target", 1),
        ),
        (
            "the probabilities of one channel beside a cross-entropy",
            DiceCrossEntropy { activation: Activation::Sigmoid, ..DiceCrossEntropy::default() }
                .of(&floats(&[0.0; 2], &[1, 1, 2]), &floats(&[0.25, 0.0], &[1, 1, 2])),
            None,
        ),
        (
            "a masked class of a region's softmax",
            Dice::default().of(&floats(&[0.0, -INF, 0.0, 1.0], &[1, 2, 2]), &Array::new(&[0i32, 1], [1, 2]).unwrap()),
            None,
        ),
        (
            "an infinite logit of a region's sigmoid",
            Dice { activation: Activation::Sigmoid, ..Dice::default() }
                .of(&floats(&[0.0, -INF, 0.0, 1.0], &[1, 2, 2]), &Array::new(&[0i32, 1], [1, 2]).unwrap()),
            not_finite("input", 1),
        ),
        // rows of a linear layer, tables, and steps
        (
            "a hidden row with an ignored label",
            LinearCrossEntropy::default().of(&two([0.0, 1.0, NAN, 0.0]), &two([1.0; 4]), &labels(&[0, -100])),
            None,
        ),
        (
            "a projection",
            LinearCrossEntropy::default().of(&two([0.0; 4]), &two([1.0, 1.0, 1.0, NAN]), &labels(&[0, -100])),
            not_finite("weight", 3),
        ),
        (
            "a table's entry",
            Diffusion::default().of(&two([0.0; 4]), &two([0.0; 4]), &labels(&[0, 1]), &row(&[0.5, 0.25, NAN])),
            None,
        ),
        (
            "a step that an item lacks",
            Ctc::default().of(
                &floats(&[-1.0, -1.0, -1.0, -1.0, -1.0, -1.0, NAN, NAN], &[2, 2, 2]),
                &Array::new(&[1i32, 1], [2, 1]).unwrap(),
                &labels(&[2, 1]),
                &labels(&[1, 1]),
            ),
            None,
        ),
        (
            "a step that an item has",
            Ctc::default().of(
                &floats(&[-1.0, -1.0, -1.0, -1.0, -1.0, NAN, NAN, NAN], &[2, 2, 2]),
                &Array::new(&[1i32, 1], [2, 1]).unwrap(),
                &labels(&[2, 1]),
                &labels(&[1, 1]),
            ),
            not_finite("log_probs", 5),
        ),
        (
            "a sum of losses",
            Vae::default().of(&two([0.0; 4]), &two([0.0; 4]), &two([0.0, 0.0, 0.0, NAN]), &two([0.0; 4])),
            not_finite("mu", 3),
        ),
    ]
}

fn numbers_are_refused_where_they_take_part() {
    for (name, term, want) in rows() {
        let refusal = cpu::value(&term.checked()).err();
        let got = match &refusal {
            Some(Error::NotFinite { operand, position, .. } | Error::TargetOutOfRange { operand, position, .. }) => {
                Some((operand.as_str(), *position))
            }
            Some(Error::LabelOutOfRange { operand, position, .. }) => Some((operand.as_str(), *position)),
            Some(other) => panic!("{name}: {other}"),
            None => None,
        };
        let got = refusal.as_ref().zip(got).map(|(error, (operand, position))| (error.kind(), operand, position));
        assert_eq!(got, want, "{name}: {refusal:?}");
    }
}

fn a_refusal_names_the_number_and_what_it_may_be() {
    let (x, half) = (row(&[0.0, 0.0]), row(&[0.0, 1.1]));
    let text = |term: Term<Array>| cpu::value(&term.checked()).unwrap_err().to_string();
    assert_eq!(
        text(BceWithLogits::default().of(&x, &half)),
        "bce_with_logits: `target` holds 1.1 at position 1, expected a number from 0 to 1"
    );
    let single = half.cast(DType::F32);
    assert_eq!(
        text(BceWithLogits::default().of(&x, &single)),
        "bce_with_logits: `target` holds 1.1 at position 1, expected a number from 0 to 1"
    );
    assert_eq!(
        text(Mse::default().of(&x, &row(&[0.0, f64::NEG_INFINITY]))),
        "mse: `target` holds -inf at position 1, expected a finite number"
    );
    assert_eq!(
        text(Mse::default().of(&x, &row(&[0.0, 1e300]))),
        "mse: `target` holds 1e300 (infinite in f32) at position 1, expected a finite number"
    );
    assert_eq!(
        text(CrossEntropy::default().of(&floats(&[0.0; 4], &[2, 2]), &floats(&[0.5, 0.5, 0.5, 0.25], &[2, 2]))),
        "cross_entropy: `target` holds 0.7500 at position 1, expected probabilities of all classes that add up to 1"
    );
}
