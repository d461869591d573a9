//! Losses of all pairs and of linear layers: blocks of any size give the same bits, and an operand may be in several
//! places.

use crate::case::Case;
use crate::chosen::named;
use crate::fresh_gpu;
use crate::harness::{tests, tests_of};
use crate::judge::{Failures, close, same};
use libtest_mimic::Trial;
use wgloss::custom::Leaf;
use wgloss::header::Value;
use wgloss::{
    Array, DType, Error, Extra, Gpu, Gradient, InfoNce, LinearCrossEntropy, LinearDistillation, Loss, MarginSoftmax,
    Outputs, Reduction, Siglip, Tensor, Term, cpu,
};

pub fn tests() -> Vec<Trial> {
    let mut tests = tests![
        an_operand_that_stands_in_several_places_gets_the_sum,
        rows_of_any_magnitude_are_divided_by_their_norms,
        a_row_whose_norm_is_too_large_is_no_row_of_zeros,
        blocks_of_a_second_walk_change_no_bit,
    ];
    let in_blocks = [
        "info_nce",
        "siglip",
        "sup_con",
        "triplet_hard",
        "linear_cross_entropy",
        "linear_distillation",
        "margin_softmax",
        "linear_dpo",
    ];
    tests.extend(tests_of![named(&in_blocks); the_workspace_bound_changes_the_blocks_and_not_a_bit]);
    tests
}

/// Rows of numbers without a pattern.
fn rows(shape: [usize; 2], seed: u32) -> Array {
    let number = |i: usize| ((i as u32).wrapping_mul(2_654_435_761).wrapping_add(seed) >> 8) as f32 / 8_388_608.0 - 1.0;
    Array::new(&(0..shape[0] * shape[1]).map(number).collect::<Vec<_>>(), shape).unwrap()
}

fn bits(gpu: &Gpu, case: &Case) -> (u64, Vec<Vec<u32>>) {
    let tensors = case.inputs().on(&mut |array| gpu.upload_array(array)).unwrap();
    let of = case.differentiated(&tensors);
    let into: Vec<Tensor> = of.iter().map(|of| gpu.empty(of.shape()).unwrap()).collect();
    let gradients = of.into_iter().zip(&into).map(|(of, into)| Gradient::store(of, into)).collect();
    let job = gpu.prepare(&case.term(&tensors), &Outputs { gradients, ..Outputs::default() }).unwrap();
    let loss = job.run().unwrap().tensor().read().wait().unwrap();
    let read = |tensor: &Tensor| tensor.read().wait().unwrap();
    let all = std::iter::once(loss).chain(into.iter().map(read));
    (job.workspace(), all.map(|array| array.to_f32().into_iter().map(f32::to_bits).collect()).collect())
}

fn the_workspace_bound_changes_the_blocks_and_not_a_bit(loss: &dyn Loss) {
    // Besides its blocks, a walk holds some numbers for each row. The linear layer has few classes here, so it needs many
    // rows.
    let (rows, bound) = if matches!(loss.leaf(), Leaf::Linear(_) | Leaf::LinearDivergence(_) | Leaf::Segments(_)) {
        (2000, 200_000)
    } else {
        (300, 120_000)
    };
    fit(&Case::new(loss.header().id, &[rows, 37], DType::I32).with_all(), bound);
}

/// A mixture of student and teacher needs a second walk over the classes, which also holds some numbers for each row.
fn blocks_of_a_second_walk_change_no_bit() {
    let case = Case::new("linear_distillation", &[2000, 37], DType::I32).with_all();
    fit(&case.option("direction", Value::Name("js".into())), 300_000);
}

/// Runs a case in whole blocks, and in smaller blocks that fit the bound.
fn fit(case: &Case, bound: u64) {
    let (gpu, id) = (fresh_gpu(), case.id);
    let (whole, want) = bits(&gpu, case);
    assert!(whole > bound, "{id} takes {whole} bytes in whole blocks");
    gpu.set_workspace_bound(bound);
    let (small, got) = bits(&gpu, case);
    assert!(small <= bound, "{id} takes {small} bytes");
    assert!(got == want, "{id} differs in bits");
    case.run(&gpu).unwrap();
    gpu.set_workspace_bound(10_000);
    match case.run(&gpu) {
        Err(error) => assert!(error.contains("bytes of workspace") && error.contains("10000"), "{error}"),
        Ok(()) => panic!("{id} fits 10,000 bytes"),
    }
}

/// Runs a term of arrays on the GPU and by the twin, and compares the loss and the gradients of `of`.
fn compare(gpu: &Gpu, term: &Term<Array>, of: &[&Array]) -> Result<(), String> {
    let (outcome, gradients) = gpu.gradient_list(term, of).map_err(|error: Error| error.to_string())?;
    let (want, wanted) = cpu::gradient_list(term, of).unwrap();
    close(&[outcome.loss().wait().unwrap().into()], &[want.loss().unwrap()])?;
    gradients.iter().zip(&wanted).try_for_each(|(got, want)| same(&got.read().wait().unwrap(), want))
}

fn an_operand_that_stands_in_several_places_gets_the_sum() {
    let (gpu, mut failures) = (fresh_gpu(), Failures::default());
    let (x, y, s) = (rows([70, 9], 1), rows([33, 9], 2), Array::new(&[1.5f32], [1]).unwrap());
    let nce = InfoNce { temperature: 0.5, symmetric: true, ..Default::default() };
    failures.note(&"query and key", compare(&gpu, &nce.of(&x, &x), &[&x]));
    let all = nce.of(&x, &x).with(Extra::Negatives, &x).with(Extra::LogitScale, &s);
    failures.note(&"negatives too", compare(&gpu, &all, &[&x, &s]));
    failures.note(&"scale and bias", compare(&gpu, &Siglip::default().of(&x, &x, &s, &s), &[&x, &s]));
    let labels = Array::new(&[3u8; 33], [33]).unwrap();
    failures.note(&"a tied projection", compare(&gpu, &LinearCrossEntropy::default().of(&y, &y, &labels), &[&y]));
    let (teacher, weight) = (rows([33, 70], 3), rows([33, 70], 4));
    let tied = LinearDistillation::default().of(&y, &y, &teacher, &weight);
    failures.note(&"a tied projection after a teacher's", compare(&gpu, &tied, &[&y]));
    failures.note(&"classes of their own", compare(&gpu, &MarginSoftmax::new().s(4.0).of(&y, &y, &labels), &[&y]));
    failures.raise();
}

/// 1 over such a norm is no normal f32, and 1 over an infinite one is 0.
fn a_row_whose_norm_is_too_large_is_no_row_of_zeros() {
    let (gpu, k) = (fresh_gpu(), Array::new(&[1.0f32, 1.0, 2.0, -1.0], [2, 2]).unwrap());
    for large in [1e38f32, 3e38] {
        let q = Array::new(&[1.0, 2.0, large, large], [2, 2]).unwrap();
        let outcome = gpu.value(&InfoNce::default().of(&q, &k).reduce(Reduction::None)).unwrap();
        let losses = outcome.tensor().read().wait().unwrap().to_f32();
        assert!(losses[0].is_finite() && losses[1].is_nan(), "{large}: {losses:?}");
    }
}

/// Products of rows with a large or small norm would overflow or vanish if the rows were not divided by their norms first.
fn rows_of_any_magnitude_are_divided_by_their_norms() {
    let (gpu, mut failures) = (fresh_gpu(), Failures::default());
    for magnitude in [1e-6f32, 1e18, 1e37] {
        let scaled = |array: Array| {
            let numbers: Vec<f32> = array.to_f32().iter().map(|x| x * magnitude).collect();
            Array::new(&numbers, array.shape()).unwrap()
        };
        let (q, k) = (scaled(rows([20, 6], 3)), scaled(rows([20, 6], 4)));
        let value = |gpu: &Gpu| gpu.value(&InfoNce::default().of(&q, &k)).unwrap().loss().wait().unwrap();
        let want = cpu::value(&InfoNce::default().of(&q, &k)).unwrap().loss().unwrap();
        failures.note(&magnitude, close(&[value(&gpu).into()], &[want]));
    }
    failures.raise();
}
