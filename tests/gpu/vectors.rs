//! Vectors of every length: squares and powers neither overflow nor vanish where the result doesn't.

use crate::case::Case;
use crate::chosen::named;
use crate::draw::{Rng, Setting};
use crate::gpu;
use crate::harness::{tests, tests_of};
use crate::judge::Failures;
use libtest_mimic::Trial;
use wgloss::header::{Role, Value};
use wgloss::{Array, DType, Loss};

pub fn tests() -> Vec<Trial> {
    let mut tests = tests![small_angles_keep_their_digits];
    tests.extend(tests_of![named(&["cosine_embedding", "cosine_similarity"]); cosines_do_not_depend_on_lengths]);
    tests.extend(tests_of![named(&["triplet_margin"]); distances_scale_with_the_vectors]);
    tests.extend(tests_of![named(&["triplet_hard"]); distances_of_pairs_scale_with_the_rows]);
    tests
}

/// Factors of the vectors' coordinates. Squares leave the range of f32, and norms fall below 1e-8.
const FACTORS: [f32; 6] = [1e-30, 1e-20, 1e-9, 1e15, 1e18, 1e30];

/// Shapes with a few lanes for each row, with a workgroup for each row, and with rows that are cut into chunks.
const SHAPES: [&[usize]; 3] = [&[7, 12], &[3, 700], &[2, 17_000]];

fn scaled(array: &Array, factor: f32) -> Array {
    Array::new(&array.to_f32().iter().map(|x| factor * x).collect::<Vec<f32>>(), array.shape()).unwrap()
}

fn cosines_do_not_depend_on_lengths(loss: &dyn Loss) {
    let mut failures = Failures::default();
    let mut cases = SHAPES.map(|shape| Case::new(loss.header().id, shape, DType::F32));
    if loss.header().id == "cosine_embedding" {
        // with this margin a cosine near 0 leaves a loss that f32 holds; the cosine alone would be too small
        cases = cases.map(|case| case.option("margin", Value::Number(-0.5)));
    }
    for case in cases {
        // the second vector's gradient has another size than the first's, so each is compared on its own
        for (one, other) in FACTORS.iter().flat_map(|one| [(*one, 1.0), (*one, *one)]) {
            let mut inputs = case.inputs();
            for (name, factor) in [("input1", one), ("input2", other)] {
                *inputs.operand(name) = scaled(inputs.operand(name), factor);
            }
            failures.note(&(&case, one, other), case.run_on(gpu(), &inputs));
        }
    }
    failures.raise();
}

fn distances_of_pairs_scale_with_the_rows(loss: &dyn Loss) {
    let mut failures = Failures::default();
    for (shape, factor) in [[7, 12], [70, 301]].iter().flat_map(|shape| FACTORS.map(|factor| (shape, factor))) {
        // a margin would hide small distances
        let case = Case::new(loss.header().id, shape, DType::F32).option("margin", Value::Number(0.0));
        let mut inputs = case.inputs();
        *inputs.operand("features") = scaled(inputs.operand("features"), factor);
        failures.note(&(&case, factor), case.run_on(gpu(), &inputs));
        // rows whose distances are a thousandth of their norms, so that norms and products would cancel to a few bits
        let beside = inputs.operand("features").to_f32().iter().map(|x| 1e3 * factor + x).collect::<Vec<f32>>();
        *inputs.operand("features") = Array::new(&beside, shape.as_slice()).unwrap();
        failures.note(&(&case, factor, "close"), case.run_on(gpu(), &inputs));
    }
    failures.raise();
}

fn distances_scale_with_the_vectors(loss: &dyn Loss) {
    let mut failures = Failures::default();
    for p in [0.5, 1.0, 1.5, 2.0, 3.0, 7.0, 40.0] {
        for shape in SHAPES {
            for factor in [1e-3, 1.0, 1e15, 1e18, 1e25] {
                let case = Case::new(loss.header().id, shape, DType::F32);
                let case = case.option("p", Value::Number(p)).option("swap", Value::Flag(true));
                let mut inputs = case.inputs();
                for name in ["anchor", "positive", "negative"] {
                    *inputs.operand(name) = scaled(inputs.operand(name), factor);
                }
                failures.note(&(&case, factor), case.run_on(gpu(), &inputs));
            }
        }
    }
    failures.raise();
}

/// For nearly parallel vectors, `1 − cos` keeps its digits, although the cosine is 1 in f32.
fn small_angles_keep_their_digits() {
    let mut rng = Rng::new(3);
    for angle in [1e-2, 1e-3, 1e-4] {
        let loss = wgloss::by_id("cosine_embedding").unwrap();
        let setting = Setting { shape: vec![1, 300], axis: Default::default(), target: DType::F32 };
        let spec = loss.header().operands.iter().find(|spec| spec.role == Role::Element).unwrap();
        let a = setting.draw(&*loss, spec, &mut rng);
        let noise = setting.draw(&*loss, spec, &mut rng).to_f32();
        // the vector is longer by a factor of 3
        let b: Vec<f32> = a.to_f32().iter().zip(noise).map(|(a, noise)| 3.0 * (a + angle * noise)).collect();
        let case = Case::new("cosine_embedding", &[1, 300], DType::F32);
        let mut inputs = case.inputs();
        *inputs.operand("input1") = a;
        *inputs.operand("input2") = Array::new(&b, [1, 300]).unwrap();
        *inputs.operand("target") = Array::new(&[1.0f32], [1]).unwrap();
        let (got, want) = case.both(gpu(), &inputs).unwrap().unwrap();
        let (got, want) = (got.loss.unwrap(), want.loss.unwrap());
        // each of the 300 coordinates of two unit vectors is rounded by 2^-24 of its size, against an angle of 1e-4
        assert!((got - want).abs() <= 2e-3 * want, "{angle}: {got}, not {want}");
    }
}
