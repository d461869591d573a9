//! The predicted class and the log-probability of each position equal their definition, on the GPU and in the twin.
//! `outputs` asks which tensors they are written to, and `shards` what shards of classes observe.

mod call;
mod outputs;
mod shards;

use crate::draw::labels_of;
use crate::gpu;
use crate::harness::tests;
use crate::judge;
use call::{Call, Row, defined};
use libtest_mimic::Trial;
use wgloss::Observation::{Accuracy, LogProb, Perplexity, Predicted};
use wgloss::{
    Array, ClassAxis, CrossEntropy, DType, Error, Gradient, LinearCrossEntropy, Outputs, Reduction, SoftmaxFocal,
    Tensor, Term, cpu,
};

pub fn tests() -> Vec<Trial> {
    let own = tests![
        they_are_what_they_are_by_definition,
        those_of_a_linear_layer_too,
        smoothing_and_weights_do_not_enter_them,
        a_softcap_comes_before_them,
        a_sum_has_those_of_each_term,
        the_logits_are_read_as_often_as_without_them,
        probabilities_have_a_predicted_class_alone,
    ];
    [own, outputs::tests(), shards::tests()].into_iter().flatten().collect()
}

const AXES: [ClassAxis; 2] = [ClassAxis::Second, ClassAxis::Last];

/// The devices, in the order in which [`both`] returns them.
const DEVICES: [&str; 2] = ["GPU", "twin"];

/// The observations of each position, from the GPU and from the twin.
fn both(term: &Term<Array>) -> [Vec<Array>; 2] {
    let twin = cpu::value(term).unwrap().observed().iter().map(|(_, array)| array.clone()).collect();
    [judge::observed(&gpu().value(term).unwrap()).unwrap(), twin]
}

/// Asserts that numbers are near the expected ones, and NaN where NaN is expected.
fn assert_near(what: &str, got: &[f64], want: &[f64]) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (at, (got, want)) in got.iter().zip(want).enumerate() {
        let near = got == want || (got - want).abs() <= 1e-5 * want.abs().max(0.1) || got.is_nan() && want.is_nan();
        assert!(near, "{what}: {got} at {at}, expected {want}");
    }
}

fn assert_defined(what: &str, rows: &[Row], shape: &[usize], got: &[Array]) {
    let want: Vec<[f64; 2]> = rows.iter().map(defined).collect();
    let [predicted, log_prob] = got else { panic!("{what}: {} tensors", got.len()) };
    assert_eq!((predicted.shape(), predicted.dtype(), log_prob.shape()), (shape, DType::U32, shape), "{what}");
    assert_eq!(
        predicted.to_f64(),
        want.iter().map(|want| want[0]).collect::<Vec<_>>(),
        "{what}: the predicted classes"
    );
    assert_near(&format!("{what}: log p"), &log_prob.to_f64(), &want.iter().map(|want| want[1]).collect::<Vec<_>>());
}

/// Rows and pixels, singly and in quads, few classes and many, and rows that are cut into chunks.
fn they_are_what_they_are_by_definition() {
    let reductions = [Reduction::None, Reduction::Mean, Reduction::Sum];
    let dtypes = [DType::F32, DType::F16, DType::BF16];
    let sizes = [[2, 3, 4], [3, 5, 7], [2, 37, 33], [1, 300, 40], [2, 1030, 3], [2, 70_000, 2]];
    for (turn, (sizes, axis)) in sizes.into_iter().flat_map(|sizes| AXES.map(|axis| (sizes, axis))).enumerate() {
        let call = Call::new(sizes, axis, dtypes[turn % 3]);
        let term = CrossEntropy::default().of(&call.x, &call.labels).mask(&call.mask);
        let term = term.reduce(reductions[turn / 2 % 3]).observe(Predicted).observe(LogProb);
        for (device, got) in DEVICES.into_iter().zip(both(&term)) {
            assert_defined(&format!("{sizes:?} {axis:?} {device}"), &call.rows(true), call.labels.shape(), &got);
        }
    }
}

/// Rows and a projection that is the identity, so that the logits are the rows.
fn those_of_a_linear_layer_too() {
    let call = Call::new([70, 24, 1], ClassAxis::Second, DType::F32).finite();
    let x = Array::new(&call.logits.concat(), [70, 24]).unwrap();
    let through: Vec<f32> = (0..24 * 24).map(|at| if at % 25 == 0 { 1.0 } else { 0.0 }).collect();
    let through = Array::new(&through, [24, 24]).unwrap();
    let labels: Vec<i64> = call.of_rows.iter().map(|label| label.map_or(-100, |label| label as i64)).collect();
    let labels = labels_of(&labels, DType::I32, &[70]);
    let mask = Array::new(&call.kept, [70]).unwrap();
    for (reduction, dtype) in [(Reduction::Mean, DType::F32), (Reduction::None, DType::F16)] {
        let [x, through] = [&x, &through].map(|array| array.cast(dtype));
        let term = LinearCrossEntropy::default().of(&x, &through, &labels).mask(&mask).reduce(reduction);
        for (device, got) in DEVICES.into_iter().zip(both(&term.observe(Predicted).observe(LogProb))) {
            assert_defined(&format!("{dtype:?} {device}"), &call.rows(true), &[70], &got);
        }
    }
}

fn smoothing_and_weights_do_not_enter_them() {
    let call = Call::new([4, 9, 6], ClassAxis::Second, DType::F32);
    let weights = Array::new(&(0..9).map(|k| k as f32).collect::<Vec<_>>(), [9]).unwrap();
    let sampled = Array::new(&(0..24).map(|at| (at % 3) as f32).collect::<Vec<_>>(), [4, 6]).unwrap();
    let loss = CrossEntropy { label_smoothing: 0.3, z_loss: 0.1, ..CrossEntropy::default() };
    let term = loss.of(&call.x, &call.labels).weight(&weights).sample_weight(&sampled);
    for reduction in [Reduction::None, Reduction::Mean] {
        let term = term.clone().reduce(reduction).observe(LogProb).observe(Predicted);
        for got in both(&term) {
            assert_defined("smoothed", &call.rows(false), &[4, 6], &got);
        }
    }
}

fn a_softcap_comes_before_them() {
    let (x, t) = (Array::new(&[0.0f32, 300.0, 400.0, 1.0], [1, 4]).unwrap(), Array::new(&[3i32], [1]).unwrap());
    let loss = CrossEntropy { softcap: Some(2.0), ..CrossEntropy::default() };
    let capped = [0.0, 2.0, 2.0, 2.0 * 0.5f64.tanh()];
    let want = capped[3] - capped.iter().map(|x| x.exp()).sum::<f64>().ln();
    for got in both(&loss.of(&x, &t).observe(Predicted).observe(LogProb)) {
        // two logits are at the cap, and the first is predicted
        assert_eq!(got[0].to_f64(), [1.0]);
        assert_near("capped", &got[1].to_f64(), &[want]);
    }
}

fn a_sum_has_those_of_each_term() {
    let call = Call::new([2, 5, 6], ClassAxis::Second, DType::F32);
    let Call { x, labels, .. } = &call;
    let one = CrossEntropy::default().of(x, labels).observe(LogProb).observe(Accuracy).named("first");
    let other = SoftmaxFocal::default().of(x, labels).observe(Predicted).observe(Perplexity);
    let sum = one + 0.5 * other;
    let (outcome, twin) = (gpu().value(&sum).unwrap(), cpu::value(&sum).unwrap());
    let names = ["first.log_prob", "softmax_focal.predicted"];
    assert_eq!(outcome.observed().iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), names);
    assert_eq!(twin.observed().iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), names);
    let parts: Vec<String> = outcome.parts().wait().unwrap().into_iter().map(|part| part.name).collect();
    assert_eq!(parts, ["first", "softmax_focal", "first.accuracy", "softmax_focal.perplexity"]);
    let mut got = judge::observed(&outcome).unwrap();
    got.reverse();
    assert_defined("the sum", &call.rows(false), &[2, 6], &got);
}

/// The number of kernels of a call that read the logits.
fn readers(term: &Term<Tensor>, outputs: &Outputs) -> usize {
    let kernels = gpu().explain(term, outputs).unwrap();
    assert!(kernels.iter().all(|kernel| kernel.bindings.len() <= 9), "8 storage buffers and the parameters");
    kernels.iter().filter(|kernel| kernel.bindings.iter().any(|binding| binding.bound == "`input`")).count()
}

fn the_logits_are_read_as_often_as_without_them() {
    for sizes in [[64, 100, 1], [2, 10, 64], [2, 70_000, 1]] {
        let Call { x, labels, mask, .. } = Call::new(sizes, ClassAxis::Second, DType::F32);
        let weights = Array::new(&vec![1.0f32; sizes[1]], [sizes[1]]).unwrap();
        let [x, labels, mask, weights] = [x, labels, mask, weights].map(|array| gpu().upload_array(&array).unwrap());
        let values = gpu().upload(&vec![1.0f32; labels.len()], labels.shape().to_vec()).unwrap();
        let term = CrossEntropy::default().of(&x, &labels).mask(&mask).weight(&weights);
        let term = term.reduce(Reduction::None).upstream(&values);
        let gradients = vec![Gradient::store(&x, &gpu().empty_like(&x).unwrap())];
        let outputs = Outputs { gradients, ..Outputs::default() };
        let plain = readers(&term, &outputs);
        assert_eq!(readers(&term.observe(Predicted).observe(LogProb), &outputs), plain, "{sizes:?}");
    }
}

/// A dense target has no label, but a class is predicted.
fn probabilities_have_a_predicted_class_alone() {
    let x = Array::new(&[1.0f32, 3.0, 2.0, 0.0, -1.0, -1.0], [2, 3]).unwrap();
    let target = Array::new(&[0.5f32, 0.25, 0.25, 1.0, 0.0, 0.0], [2, 3]).unwrap();
    let term = CrossEntropy::default().of(&x, &target);
    for got in both(&term.clone().observe(Predicted)) {
        assert_eq!(got[0].to_f64(), [1.0, 0.0]);
    }
    let term = term.observe(LogProb);
    let refused = Error::InvalidOption {
        loss: "cross_entropy",
        option: "observe".into(),
        value: "log_prob".into(),
        expected: "labels, not probabilities, as the target".into(),
    };
    assert_eq!([gpu().value(&term).unwrap_err(), cpu::value(&term).unwrap_err()], [refused.clone(), refused]);
}
