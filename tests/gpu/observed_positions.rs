//! The predicted class and the log-probability of each position equal their definition, on the GPU and in the twin.
//! Observations of shards of classes equal those of the whole.

use crate::draw::{Rng, labels_of};
use crate::gpu;
use crate::harness::tests;
use crate::judge;
use crate::pieces::{class_axis, like, ranges, slice, stack};
use libtest_mimic::Trial;
use std::ops::Range;
use wgloss::Observation::{Accuracy, Entropy, LogProb, Perplexity, Predicted, TopK};
use wgloss::{
    Array, ClassAxis, CrossEntropy, DType, Error, Gradient, LinearCrossEntropy, Outcome, Outputs, Reduction,
    SoftmaxFocal, Tensor, Term, cpu,
};

pub fn tests() -> Vec<Trial> {
    tests![
        they_are_what_they_are_by_definition,
        those_of_a_linear_layer_too,
        smoothing_and_weights_do_not_enter_them,
        a_softcap_comes_before_them,
        a_sum_has_those_of_each_term,
        the_logits_are_read_as_often_as_without_them,
        a_job_writes_them_to_the_tensors_of_the_caller,
        a_job_for_other_tensors_keeps_its_own,
        outputs_that_do_not_fit_are_refused,
        probabilities_have_a_predicted_class_alone,
        shards_of_classes_observe_what_the_whole_does,
        a_class_of_more_than_16_bits_goes_from_device_to_device,
        a_shard_of_classes_has_no_top_k,
    ]
}

/// The predicted class of a position that has none.
const NO_CLASS: f64 = u32::MAX as f64;

const AXES: [ClassAxis; 2] = [ClassAxis::Second, ClassAxis::Last];

/// The devices, in the order in which [`both`] returns them.
const DEVICES: [&str; 2] = ["GPU", "twin"];

/// A position's logits, and its label if it takes part.
type Row = (Vec<f64>, Option<usize>);

/// Logits of which some are equal and some rows have a NaN or an infinity; labels, some of them ignored; and a mask.
struct Call {
    logits: Vec<Vec<f64>>,
    of_rows: Vec<Option<usize>>,
    kept: Vec<bool>,
    x: Array,
    labels: Array,
    mask: Array,
}

impl Call {
    /// A call of `[items, classes, positions]`.
    fn new([items, classes, positions]: [usize; 3], axis: ClassAxis, dtype: DType) -> Call {
        let mut rng = Rng::new((items * classes + positions) as u64);
        // multiples of an eighth, so that each dtype holds them exactly and some are equal
        let mut logit = || (8.0 * rng.normal()).round() / 8.0;
        let row = |_| (0..classes).map(|_| logit()).collect();
        let mut logits: Vec<Vec<f64>> = (0..items * positions).map(row).collect();
        for (place, row) in logits.iter_mut().enumerate() {
            match place % 7 {
                1 => row[classes - 1] = f64::NAN,
                3 => row[0] = f64::NEG_INFINITY,
                5 => row[classes / 2] = f64::INFINITY,
                6 => row.iter_mut().for_each(|x| *x = 0.5),
                _ => {}
            }
        }
        let label = |at: usize| (at % 5 != 2).then(|| rng.below(classes));
        let of_rows: Vec<Option<usize>> = (0..logits.len()).map(label).collect();
        let kept: Vec<bool> = (0..logits.len()).map(|at| at % 11 != 4).collect();
        let (shape, strides) = match axis {
            ClassAxis::Second => ([items, classes, positions], [1, positions]),
            ClassAxis::Last => ([items, positions, classes], [classes, 1]),
        };
        let mut x = vec![0.0; items * positions * classes];
        for (at, row) in logits.iter().enumerate() {
            let first = at / positions * positions * classes + at % positions * strides[0];
            row.iter().enumerate().for_each(|(k, logit)| x[first + k * strides[1]] = *logit);
        }
        let labels: Vec<i64> = of_rows.iter().map(|label| label.map_or(-100, |label| label as i64)).collect();
        Call {
            x: Array::new(&x, shape).unwrap().cast(dtype).with_class_axis(axis),
            labels: labels_of(&labels, DType::I64, &[items, positions]),
            mask: Array::new(&kept, [items, positions]).unwrap(),
            logits,
            of_rows,
            kept,
        }
    }

    /// The call with a finite number in place of each NaN and each infinity.
    fn finite(mut self) -> Call {
        let finite = |x: f64| if x.is_finite() { x } else { -3.0 };
        self.logits.iter_mut().flatten().for_each(|x| *x = finite(*x));
        let numbers: Vec<f64> = self.x.to_f64().into_iter().map(finite).collect();
        self.x = like(&self.x, &numbers, self.x.shape());
        self
    }

    /// The rows with their labels. Masked positions have no label if `masked` is set.
    fn rows(&self, masked: bool) -> Vec<Row> {
        let label = |at: usize| self.of_rows[at].filter(|_| self.kept[at] || !masked);
        self.logits.iter().enumerate().map(|(at, x)| (x.clone(), label(at))).collect()
    }
}

/// The predicted class and log p of the label, by the definition.
fn defined((x, label): &Row) -> [f64; 2] {
    let Some(label) = *label else { return [NO_CLASS, 0.0] };
    if x.iter().any(|x| x.is_nan() || *x == f64::INFINITY) {
        return [NO_CLASS, f64::NAN];
    }
    let mut first = 0;
    for k in 1..x.len() {
        if x[k] > x[first] {
            first = k;
        }
    }
    [first as f64, x[label] - x.iter().map(|x| x.exp()).sum::<f64>().ln()]
}

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

/// A call on the GPU, a u32 tensor and an f32 tensor of its labels' shape, and the call on the host.
fn prepared() -> (Term<Tensor>, Tensor, Tensor, Call) {
    let call = Call::new([3, 6, 5], ClassAxis::Second, DType::F32);
    let [x, labels, mask] = [&call.x, &call.labels, &call.mask].map(|array| gpu().upload_array(array).unwrap());
    let term = CrossEntropy::default().of(&x, &labels).mask(&mask);
    let term = term.observe(Predicted).observe(LogProb);
    (term, gpu().upload(&[7u32; 15], [3, 5]).unwrap(), gpu().empty([3, 5]).unwrap(), call)
}

fn a_job_writes_them_to_the_tensors_of_the_caller() {
    let (term, predicted, _, call) = prepared();
    let rows = call.rows(true);
    // both tensors lie in one buffer, of which nothing else may be written
    let page = gpu().upload(&[7u32; 40], [40]).unwrap();
    let inside = |first: u64, dtype| {
        let bytes = 4 * first..4 * (first + 15);
        gpu().wrap(page.buffer().0.slice(bytes), [3, 5], dtype).unwrap()
    };
    let both = [inside(2, DType::U32), inside(19, DType::F32)];
    // the job makes the tensors that are not given
    for given in [vec![], vec![predicted.clone()], both.to_vec()] {
        let job = gpu().prepare(&term, &Outputs { observed: given, ..Outputs::default() }).unwrap();
        job.run().unwrap();
        assert_defined("the outcome", &rows, &[3, 5], &judge::observed(&job.run().unwrap()).unwrap());
    }
    let read = |tensor: &Tensor| tensor.read().wait().unwrap();
    assert_defined("the caller's", &rows, &[3, 5], &both.map(|tensor| read(&tensor)));
    let words = read(&page).to_f64();
    let between = words[..2].iter().chain(&words[17..19]).chain(&words[34..]);
    assert!(between.into_iter().all(|word| *word == 7.0), "{words:?}");
}

fn a_job_for_other_tensors_keeps_its_own() {
    let (term, predicted, _, call) = prepared();
    let rows = call.rows(true);
    let own = |outcome: &Outcome, place: usize| outcome.observed()[place].1.buffer().0.clone();
    let job = gpu().prepare(&term, &Outputs::default()).unwrap();
    let next = job.rebind(&term, &Outputs::default()).unwrap();
    for place in [0, 1] {
        assert_eq!(own(&job.outcome(), place), own(&next.outcome(), place));
    }
    // two parts of one name have a tensor each
    let twice = gpu().prepare(&(term.clone() + term.clone()), &Outputs::default()).unwrap();
    let next = twice.rebind(&(term.clone() + term.clone()), &Outputs::default()).unwrap();
    for place in 0..4 {
        assert_eq!(own(&twice.outcome(), place), own(&next.outcome(), place));
    }
    assert_ne!(own(&next.outcome(), 0), own(&next.outcome(), 2));
    // the next job doesn't keep a tensor that the caller gave
    let given = job.rebind(&term, &Outputs { observed: vec![predicted.clone()], ..Outputs::default() }).unwrap();
    assert_eq!(own(&given.outcome(), 0), *predicted.buffer().0);
    let last = given.rebind(&term, &Outputs::default()).unwrap();
    assert_ne!(own(&last.outcome(), 0), *predicted.buffer().0);
    assert_defined("the last", &rows, &[3, 5], &judge::observed(&last.run().unwrap()).unwrap());
}

fn outputs_that_do_not_fit_are_refused() {
    let (term, predicted, log_prob, _) = prepared();
    let refused = |observed: &[&Tensor]| {
        let observed = observed.iter().map(|tensor| (*tensor).clone()).collect();
        gpu().prepare(&term, &Outputs { observed, ..Outputs::default() }).unwrap_err()
    };
    let other = gpu().upload(&[0u32; 15], [15]).unwrap();
    let (loss, named) = ("cross_entropy", |name: &str| format!("cross_entropy.{name}"));
    let expected = "[3, 5]".to_string();
    assert_eq!(refused(&[&other]), Error::ShapeMismatch { loss, operand: named("predicted"), expected, got: vec![15] });
    assert_eq!(
        refused(&[&log_prob]),
        Error::UnsupportedDtype { loss, operand: named("predicted"), got: DType::F32, expected: "u32".into() }
    );
    assert_eq!(
        refused(&[&predicted, &predicted]),
        Error::UnsupportedDtype { loss, operand: named("log_prob"), got: DType::U32, expected: "f32".into() }
    );
    assert_eq!(
        refused(&[&predicted, &log_prob, &log_prob]),
        Error::InvalidOperand {
            loss,
            operand: "observed".into(),
            reason: "has 3 tensors, and the term has 2 observations of positions".into()
        }
    );
    let one = gpu().upload(&[0u32; 15], [3, 5]).unwrap();
    let (buffer, bytes) = (one.buffer().0, 0..60);
    let both = [DType::U32, DType::F32].map(|dtype| gpu().wrap(buffer.slice(bytes.clone()), [3, 5], dtype).unwrap());
    assert!(matches!(refused(&[&both[0], &both[1]]), Error::OverlappingBuffers { .. }));
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

/// Asserts that each shard gives the results of the whole, on the GPU and in the twin, with the statistics from either.
fn assert_shards(what: &str, whole: &Term<Array>, shards: &[Term<Array>]) {
    let want = cpu::value(whole).unwrap();
    let of_gpu = shards.iter().map(|shard| gpu().statistics(shard).unwrap().read().wait().unwrap());
    let of_twin = shards.iter().map(|shard| cpu::statistics(shard).unwrap());
    for all in [of_gpu.collect::<Vec<_>>(), of_twin.collect()].map(|all| stack(&all)) {
        for shard in shards {
            let term = shard.clone().among(&all);
            let (outcome, twin) = (gpu().value(&term).unwrap(), cpu::value(&term).unwrap());
            let parts = [outcome.parts().wait().unwrap(), twin.parts().to_vec()];
            for ((device, parts), observed) in DEVICES.into_iter().zip(parts).zip(both(&term)) {
                assert_eq!(parts.len(), want.parts().len(), "{what} {device}");
                for (got, want) in parts.iter().zip(want.parts()) {
                    assert_eq!((&got.name, got.denominator), (&want.name, want.denominator), "{what} {device}");
                    assert_near(&format!("{what} {device}: {}", got.name), &[got.sum], &[want.sum]);
                }
                assert_eq!(observed[0].to_f64(), want.observed()[0].1.to_f64(), "{what} {device}");
                assert_near(&format!("{what} {device}: log p"), &observed[1].to_f64(), &want.observed()[1].1.to_f64());
            }
        }
    }
}

fn observing(term: Term<Array>) -> Term<Array> {
    [Accuracy, Entropy, Perplexity, Predicted, LogProb].into_iter().fold(term, Term::observe)
}

/// Some greatest logits are on several shards, and some shards have only masked classes.
fn shards_of_classes_observe_what_the_whole_does() {
    let cuts: [&[usize]; 3] = [&[1, 4, 7], &[12], &[5, 7]];
    for (turn, (axis, lengths)) in AXES.into_iter().flat_map(|axis| cuts.map(|cut| (axis, cut))).enumerate() {
        let call = Call::new([3, 12, 5], axis, DType::F32);
        // a NaN in a sum hides all other numbers, so most calls are finite
        let call = if turn % 3 == 0 { call } else { call.finite() };
        let term = |x: &Array| observing(CrossEntropy::default().of(x, &call.labels).mask(&call.mask));
        let shard =
            |range: Range<usize>| term(&slice(&call.x, class_axis(&call.x), &range)).classes_from(range.start, 12);
        let shards: Vec<Term<Array>> = ranges(lengths).into_iter().map(shard).collect();
        assert_shards(&format!("{axis:?} {lengths:?}"), &term(&call.x), &shards);
    }
    let mut rng = Rng::new(5);
    let mut draw = |shape: [usize; 2]| {
        let numbers: Vec<f32> = (0..shape[0] * shape[1]).map(|_| rng.normal() as f32).collect();
        Array::new(&numbers, shape).unwrap()
    };
    let (x, w) = (draw([70, 9]), draw([100, 9]));
    let labels: Vec<i64> = (0..70).map(|at| if at % 6 == 1 { -100 } else { at * 37 % 100 }).collect();
    let labels = labels_of(&labels, DType::I32, &[70]);
    let term = |w: &Array| observing(LinearCrossEntropy::default().of(&x, w, &labels));
    let shard = |range: Range<usize>| term(&slice(&w, 0, &range)).classes_from(range.start, 100);
    let shards: Vec<Term<Array>> = ranges(&[65, 1, 34]).into_iter().map(shard).collect();
    assert_shards("linear", &term(&w), &shards);
}

fn a_class_of_more_than_16_bits_goes_from_device_to_device() {
    let x = Array::new(&[1.0f32, 3.0, 2.0, 0.0, -1.0, -1.0], [2, 3]).unwrap();
    let labels = Array::new(&[70_001i32, 70_002], [2]).unwrap();
    let shard =
        CrossEntropy::default().of(&x, &labels).observe(Predicted).observe(Accuracy).classes_from(70_000, 70_003);
    let of_gpu = gpu().statistics(&shard).unwrap().read().wait().unwrap();
    for all in [of_gpu, cpu::statistics(&shard).unwrap()] {
        let term = shard.clone().among(&stack(&[all]));
        for got in both(&term) {
            assert_eq!(got[0].to_f64(), [70_001.0, 70_000.0]);
        }
        let (got, twin) = (gpu().value(&term).unwrap().parts().wait().unwrap(), cpu::value(&term).unwrap());
        assert_eq!([got[1].sum, twin.parts()[1].sum], [1.0; 2]);
    }
}

fn a_shard_of_classes_has_no_top_k() {
    let (x, t) = (Array::new(&[0.0f32; 6], [2, 3]).unwrap(), Array::new(&[3i32, 1], [2]).unwrap());
    let term = CrossEntropy::default().of(&x, &t).observe(TopK(2)).classes_from(0, 5);
    let expected =
        "a loss of whole rows: a shard of their classes is counted before the label\'s logit is known".into();
    let refused =
        Error::InvalidOption { loss: "cross_entropy", option: "observe".into(), value: "top_2".into(), expected };
    assert_eq!([gpu().statistics(&term).unwrap_err(), cpu::statistics(&term).unwrap_err()], [refused.clone(), refused]);
}
