//! Observations beside a loss: they equal the twin's, whatever the walk, and don't change the loss. `observed_positions`
//! tests those of each position.

use crate::case::Case;
use crate::draw::Setting;
use crate::gpu;
use crate::harness::tests;
use crate::judge::{self, Failures};
use crate::samples::samples;
use crate::split::pair;
use libtest_mimic::Trial;
use wgloss::Observation::{Accuracy, Entropy, Iou, LogProb, Perplexity, Precision, Predicted, Recall, TopK};
use wgloss::{
    Activation, Array, BceWithLogits, CrossEntropy, DType, Dice, LinearCrossEntropy, Mse, Observation, Outputs,
    PartSums, Reduction, SoftmaxFocal, Tensor, Term, by_id, cpu,
};

pub fn tests() -> Vec<Trial> {
    tests![
        every_walk_observes_what_the_twin_observes,
        observations_change_no_bit_of_the_loss,
        equal_logits_and_those_that_are_not_finite,
        equal_classes_of_a_linear_layer,
        observations_of_batches_add_up,
        a_sum_has_the_observations_of_its_terms_last,
        equal_logits_of_regions,
        a_sample_weight_of_0_leaves_a_position_in_the_count,
    ]
}

const ALL: &[Observation] = &[Accuracy, TopK(5), Entropy, Perplexity, Predicted, LogProb];

/// The predicted class of a position that has none.
const NO_CLASS: f64 = u32::MAX as f64;

/// A loss of each kind that has observations, and its observations.
const OBSERVED: &[(&str, &[Observation])] = &[
    ("cross_entropy", ALL),
    ("linear_cross_entropy", ALL),
    ("margin_softmax", ALL),
    ("bce_with_logits", &[Accuracy]),
    ("dice", REGIONS),
    ("dice_cross_entropy", REGIONS),
    ("dice_bce", REGIONS),
];

const REGIONS: &[Observation] = &[Iou, Precision, Recall];

/// Rows and pixels, few classes and many, rows that are cut into chunks, items that are walked in ranges of classes.
fn every_walk_observes_what_the_twin_observes() {
    let mut failures = Failures::default();
    for &(id, observations) in OBSERVED {
        let samples = samples(&*by_id(id).unwrap());
        let sizes = samples.kinds.iter().flat_map(|kind| kind.shapes).map(|shape| (*shape, wgloss::ClassAxis::Second));
        let layouts = sizes.chain(samples.cut.iter().copied()).chain(samples.in_registers.iter().copied());
        let case = |shape: &[usize], axis| {
            let loss = by_id(id).unwrap();
            let case = Case { observations, ..Case::new(id, shape, DType::I32).with_all() };
            Case { setting: Setting::new(&*loss, shape, axis, DType::I32), ..case }
        };
        // one loss is tested at more sizes than the others, since observations depend on the walk
        for (shape, axis) in layouts.step_by(if id == OBSERVED[0].0 { 2 } else { 7 }) {
            let case = case(shape, axis);
            failures.note(&case, case.run(gpu()));
        }
        for &(shape, axis) in samples.drawn_beyond_a_binding {
            let case = case(shape, axis);
            failures.note(&case, case.run(&pair()[1]));
        }
    }
    failures.raise();
}

fn observations_change_no_bit_of_the_loss() {
    // walks of many rows, of long rows and of pixels: one loss meets all of them, each other loss one
    let shapes = [&[70, 37][..], &[3, 3000], &[2, 5, 33, 32]];
    let of_first = shapes.iter().map(|shape| (&OBSERVED[0], shape));
    for (&(id, observations), shape) in of_first.chain(OBSERVED[1..].iter().zip(shapes.iter().cycle())) {
        let plain = Case::new(id, shape, DType::U8).with_all();
        let bits = |observations| {
            let case = Case { observations, ..plain.clone() };
            let inputs = case.inputs();
            let (outcome, gradients) = gpu().gradient_list(&case.term(&inputs), &case.differentiated(&inputs)).unwrap();
            let words = |tensor: &Tensor| tensor.read().wait().unwrap().to_f32().into_iter().map(f32::to_bits);
            words(outcome.tensor()).chain(gradients.iter().flat_map(words)).collect::<Vec<_>>()
        };
        assert_eq!(bits(&[]), bits(observations), "{id} {shape:?}");
    }
}

fn equal_logits_and_those_that_are_not_finite() {
    let (masked, nan, infinite) = (f32::NEG_INFINITY, f32::NAN, f32::INFINITY);
    for (name, row, label, want) in [
        ("the first of equals", [2.0f32, 2.0, 2.0, 0.0], 0, [1.0f64, 1.0, 0.0]),
        ("the last of equals", [2.0, 2.0, 2.0, 0.0], 2, [0.0, 0.0, 0.0]),
        ("zeros of both signs", [-0.0, 0.0, -1.0, -1.0], 1, [0.0, 1.0, 0.0]),
        ("masked classes", [masked, masked, 1.0, masked], 2, [1.0, 1.0, 2.0]),
        ("a masked label", [masked, 1.0, 0.0, masked], 3, [0.0, 0.0, 1.0]),
        ("NaN beside", [1.0, nan, 0.0, 0.0], 0, [0.0, 0.0, NO_CLASS]),
        ("infinite", [1.0, infinite, 0.0, 0.0], 1, [0.0, 0.0, NO_CLASS]),
        ("all masked", [masked; 4], 0, [0.0, 0.0, NO_CLASS]),
        ("the least numbers", [f32::MIN, f32::MIN, f32::MIN, f32::MIN], 1, [0.0, 1.0, 0.0]),
        ("the least number", [masked, masked, masked, f32::MIN], 3, [1.0, 1.0, 3.0]),
        ("far apart", [f32::MIN, f32::MAX, 0.0, 0.0], 1, [1.0, 1.0, 1.0]),
    ] {
        let (x, t) = (Array::new(&row, [1, 4]).unwrap(), Array::new(&[label], [1]).unwrap());
        let term = CrossEntropy::default().of(&x, &t).reduce(Reduction::Sum);
        let term = ALL[2..].iter().fold(term.observe(Accuracy).observe(TopK(2)), |term, also| term.observe(*also));
        let outcome = gpu().value(&term).unwrap();
        let (got, twin) = (outcome.parts().wait().unwrap(), cpu::value(&term).unwrap());
        for (k, want) in want[..2].iter().copied().enumerate() {
            assert_eq!((got[1 + k].sum, twin.parts()[1 + k].sum), (want, want), "{name}: {}", got[1 + k].name);
        }
        let near = |what: &str, got: f64, want: f64| {
            let near = got == want || (got - want).abs() <= 1e-5 * want.abs() || got.is_nan() && want.is_nan();
            assert!(near, "{name}: {what} is {got}, not {want}");
        };
        for (got, want) in got[3..].iter().zip(&twin.parts()[3..]) {
            near(&got.name, got.sum, want.sum);
            assert_eq!((got.denominator, got.weight), (1.0, 0.0));
        }
        let observed = judge::observed(&outcome).unwrap().into_iter().map(|array| array.to_f64()[0]);
        let observed: Vec<f64> = observed.collect();
        let of_twin = |place: usize| twin.observed()[place].1.to_f64()[0];
        assert_eq!([observed[0], of_twin(0)], [want[2]; 2], "{name}: the predicted class");
        near("log p", observed[1], of_twin(1));
    }
}

/// Of equal classes the first comes first, whatever their products round to.
fn equal_classes_of_a_linear_layer() {
    // in the last case a workgroup shares a row
    for width in [3, 33, 5000] {
        let number = |k: usize| (7.0 * k as f32).sin();
        let x: Vec<f32> = (0..20 * width).map(number).collect();
        let w: Vec<f32> = (0..5 * width).map(|k| number(k % width + 9)).collect();
        let labels: Vec<i32> = (0..20).map(|row| row % 5).collect();
        let (x, w) = (Array::new(&x, [20, width]).unwrap(), Array::new(&w, [5, width]).unwrap());
        let term = LinearCrossEntropy::default().of(&x, &w, &Array::new(&labels, [20]).unwrap()).observe(TopK(2));
        let (got, twin) = (gpu().value(&term).unwrap().parts().wait().unwrap(), cpu::value(&term).unwrap());
        // each class is the label of four rows
        assert_eq!((got[1].sum, twin.parts()[1].sum), (8.0, 8.0), "{width}");
    }
}

/// Logits and labels of `count` rows.
fn rows(count: usize, seed: u64) -> (Array, Array) {
    let case = Case { seed, ..Case::new("cross_entropy", &[count, 11], DType::I32) };
    let operands = case.inputs().operands;
    (operands[0].1.clone(), operands[1].1.clone())
}

/// The caller's tensor of sums gets the observations too, and adds them up.
fn observations_of_batches_add_up() {
    let sums = gpu().upload(&[0f32; 15], [5, 3]).unwrap();
    let mut whole = vec![[0f64; 2]; 5];
    for seed in 0..3 {
        let (x, t) = rows(40 + seed as usize, seed);
        let term = ALL.iter().fold(CrossEntropy::default().of(&x, &t), |term, also| term.observe(*also));
        for (sum, part) in whole.iter_mut().zip(cpu::value(&term).unwrap().parts()) {
            *sum = [sum[0] + part.sum, sum[1] + part.denominator];
        }
        let parts = Some(PartSums { into: sums.clone(), add: true });
        let on_gpu = term.map(|array| gpu().upload_array(array)).unwrap();
        gpu().prepare(&on_gpu, &Outputs { parts, ..Outputs::default() }).unwrap().run().unwrap();
    }
    let got = sums.read().wait().unwrap().to_f64();
    for (place, (got, want)) in got.chunks_exact(3).zip(&whole).enumerate() {
        for (got, want) in got.iter().zip(want) {
            assert!((got - want).abs() <= 1e-5 * want, "row {place}: {got}, expected {want}");
        }
        assert_eq!(got[2], if place == 0 { 1.0 } else { 0.0 });
    }
}

fn a_sum_has_the_observations_of_its_terms_last() {
    let (x, t) = rows(100, 5);
    let one = CrossEntropy { z_loss: 0.1, ..CrossEntropy::default() }.of(&x, &t).observe(Accuracy);
    let other = SoftmaxFocal::default().of(&x, &t).observe(Entropy).observe(TopK(3));
    let sum: Term<Array> = one + 0.5 * other + Mse::default().of(&x, &x);
    let names = sum.part_names().unwrap();
    let want = ["cross_entropy", "cross_entropy.z_loss", "softmax_focal", "mse"].map(String::from).into_iter();
    let observed = ["cross_entropy.accuracy", "softmax_focal.top_3", "softmax_focal.entropy"].map(String::from);
    assert_eq!(names, want.chain(observed).collect::<Vec<_>>());
    let (got, want) = (gpu().value(&sum).unwrap().parts().wait().unwrap(), cpu::value(&sum).unwrap());
    for (got, want) in got.iter().zip(want.parts()) {
        assert_eq!(got.name, want.name);
        assert!((got.sum - want.sum).abs() <= 1e-5 * want.sum, "{}: {}, expected {}", got.name, got.sum, want.sum);
    }
    assert_eq!(got.len(), 7);
}

/// Of equal logits the first is predicted, also where classes lie in quads or in ranges. A NaN predicts nothing.
fn equal_logits_of_regions() {
    for classes in [3, 9, 600] {
        let positions = 8;
        let mut x = vec![0.5f32; classes * positions];
        let at = |k: usize, position: usize| k * positions + position;
        // position 1 has its greatest logit twice, position 2 has it at the last class, position 3 has a NaN
        x[at(2, 1)] = 2.0;
        x[at(classes - 1, 1)] = 2.0;
        x[at(classes - 1, 2)] = 3.0;
        x[at(1, 3)] = f32::NAN;
        let labels = [0i32, 2, classes as i32 - 1, 0, 1, 0, 0, 0];
        let (x, t) = (Array::new(&x, [1, classes, positions]).unwrap(), Array::new(&labels, [1, positions]).unwrap());
        let dice = || Dice { activation: Activation::Softmax, ..Dice::default() };
        let term = REGIONS.iter().fold(dice().of(&x, &t).reduce(Reduction::Sum), |term, also| term.observe(*also));
        let (got, want) = (gpu().value(&term).unwrap().parts().wait().unwrap(), cpu::value(&term).unwrap());
        assert_eq!(got.len(), 1 + 3 * classes);
        for (got, want) in got.iter().zip(want.parts()).skip(1) {
            assert_eq!((&got.name, got.sum, got.denominator), (&want.name, want.sum, want.denominator), "{classes}");
        }
        // class 0 is predicted at positions 0 and 4 to 7, and is the label at 0, 3, 5, 6 and 7
        let of = |name: &str| {
            let part = got.iter().find(|part| part.name == name).unwrap();
            (part.sum, part.denominator)
        };
        assert_eq!(of("dice.iou.0"), (4.0, 6.0));
        assert_eq!(of("dice.precision.0"), (4.0, 5.0));
        assert_eq!(of("dice.recall.0"), (4.0, 5.0));
        assert_eq!(of(&format!("dice.recall.{}", classes - 1)), if classes == 3 { (2.0, 2.0) } else { (1.0, 1.0) });
    }
}

/// Observations are not weighted: a position counts once, whatever its sample weight.
fn a_sample_weight_of_0_leaves_a_position_in_the_count() {
    let (x, t) = rows(6, 3);
    let weight = Array::new(&[0.0f32, 1.0, 0.0, 2.0, 1.0, 1.0], [6]).unwrap();
    let answers = Array::new(&[1.0f32, 0.0, 1.0, 0.0, 1.0, 0.0], [6]).unwrap();
    for term in [CrossEntropy::default().of(&x, &t), BceWithLogits::default().of(&weight, &answers)] {
        let term = term.observe(Accuracy);
        let unweighted = cpu::value(&term).unwrap().parts()[1].clone();
        let term = term.sample_weight(&weight);
        for parts in [gpu().value(&term).unwrap().parts().wait().unwrap(), cpu::value(&term).unwrap().parts().to_vec()]
        {
            assert_eq!(parts[1], unweighted);
        }
    }
}
