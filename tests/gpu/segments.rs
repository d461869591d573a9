//! Segments of a linear layer's rows: long ones, very many, none, and segment indices on the GPU that are out of range.

use crate::gpu;
use crate::harness::tests;
use crate::judge::same;
use libtest_mimic::Trial;
use wgloss::{Array, DType, DpoKind, Error, Gradient, LinearDpo, Outputs, Reduction, Tensor, Term, cpu};

pub fn tests() -> Vec<Trial> {
    tests![
        a_long_answer_keeps_what_it_differs_by_from_its_reference,
        more_segments_than_a_dispatch_goes_through,
        segments_without_rows_and_rows_without_segments,
        a_bad_segment_leaves_its_row_out,
        a_bad_label_comes_before_a_bad_segment,
    ]
}

/// Numbers from −1 to 1 without a pattern.
fn numbers(shape: &[usize], seed: u32) -> Array {
    let number = |i: usize| ((i as u32).wrapping_mul(2_654_435_761).wrapping_add(seed) >> 8) as f32 / 8_388_608.0 - 1.0;
    Array::new(&(0..shape.iter().product()).map(number).collect::<Vec<_>>(), shape).unwrap()
}

fn integers(numbers: impl IntoIterator<Item = i64>) -> Array {
    let numbers: Vec<i64> = numbers.into_iter().collect();
    Array::new(&numbers, [numbers.len()]).unwrap()
}

/// The operands of a call.
#[derive(Clone)]
struct Call {
    hidden: Array,
    weight: Array,
    target: Array,
    segments: Array,
    reference: Array,
}

impl Call {
    /// A call with this many segments, whose rows are in no order. The rows have two elements, and there are three classes.
    fn new(rows: usize, segments: usize) -> Call {
        let spread = |i: usize| (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
        Call {
            hidden: numbers(&[rows, 2], 1),
            weight: numbers(&[3, 2], 2),
            target: integers((0..rows).map(|i| (i % 3) as i64)),
            segments: integers((0..rows).map(|i| (spread(i) % segments.max(1) as u64) as i64)),
            reference: numbers(&[segments], 3),
        }
    }

    fn term(&self, loss: LinearDpo) -> Term<Array> {
        loss.of(&self.hidden, &self.weight, &self.target, &self.segments, &self.reference)
    }

    /// Compares the values of all pairs and the gradients with the twin's.
    fn judge(&self, loss: LinearDpo) {
        let term = self.term(loss).reduce(Reduction::None);
        let of = [&self.hidden, &self.weight];
        let (want, want_gradients) = cpu::gradients(&term, of).unwrap();
        let (got, got_gradients) = gpu().gradients(&term, of).unwrap();
        same(&got.tensor().read().wait().unwrap(), want.tensor()).unwrap();
        for (got, want) in got_gradients.iter().zip(&want_gradients) {
            same(&got.read().wait().unwrap(), want).unwrap();
        }
    }
}

/// A segment's log-probability is about −69,000 here, which f32 rounds to a multiple of 2⁻⁷. The loss needs more digits
/// of the differences between two such sums and their references.
fn a_long_answer_keeps_what_it_differs_by_from_its_reference() {
    let mut call = Call::new(20_000, 2);
    call.hidden = Array::new(&vec![0.0f32; 40_000], [20_000, 2]).unwrap();
    call.weight = Array::new(&vec![0.0f32; 2 << 10], [1 << 10, 2]).unwrap();
    // the log-probability of every token is −10·log 2
    let rows = call.segments.to_f64().into_iter().filter(|segment| *segment == 0.0).count();
    let log_p = -10.0 * std::f64::consts::LN_2;
    let reference = [rows, 20_000 - rows].map(|rows| (rows as f64 * log_p) as f32);
    call.reference = Array::new(&reference, [2]).unwrap();
    let loss = |log_ratio_gap: f64| (-log_ratio_gap).exp().ln_1p();
    let log_ratio_gap = |log_p: f64| {
        let [chosen, rejected] =
            [(rows, 0), (20_000 - rows, 1)].map(|(n, k)| n as f64 * log_p - f64::from(reference[k]));
        chosen - rejected
    };
    let term = call.term(LinearDpo::new().beta(1.0));
    let got = f64::from(gpu().value(&term).unwrap().loss().wait().unwrap());
    // the log-probability of a token is rounded to f32 in the same way in all rows, so the rounding nearly cancels in
    // `log_ratio_gap`, the difference of the two log-ratios
    let want = loss(log_ratio_gap(log_p));
    assert!((got - want).abs() < 2e-4, "{got}, not {want}");
}

fn more_segments_than_a_dispatch_goes_through() {
    for kind in [DpoKind::Sigmoid, DpoKind::Ipo] {
        Call::new(20_000, 2000).judge(LinearDpo::new().kind(kind).beta(0.5));
    }
}

fn segments_without_rows_and_rows_without_segments() {
    for (rows, segments) in [(0, 6), (5, 600), (1, 2), (0, 0)] {
        Call::new(rows, segments).judge(LinearDpo::default());
    }
    let call = Call::new(3, 0);
    let there = gpu().upload_array(&call.hidden).unwrap();
    let [weight, target, segments, reference] =
        [&call.weight, &call.target, &call.segments, &call.reference].map(|array| gpu().upload_array(array).unwrap());
    let outcome = gpu().value(&LinearDpo::default().of(&there, &weight, &target, &segments, &reference)).unwrap();
    assert_eq!(outcome.loss().wait(), Err(bad(0, 0, 0)));
}

/// The error for a bad segment index.
fn bad(position: u64, value: i64, count: u64) -> Error {
    let (loss, operand) = ("linear_dpo", "segments".into());
    Error::LabelOutOfRange { loss, operand, position, value, count, ignored: None }
}

/// Runs a call whose integers are on the GPU. `segments` has the dtype. Returns the read of the loss, then loss and
/// gradients.
fn run(call: &Call, dtype: DType) -> (Result<f32, Error>, Vec<Array>) {
    let upload = |array: &Array| gpu().upload_array(array).unwrap();
    let [hidden, weight, reference] = [&call.hidden, &call.weight, &call.reference].map(upload);
    // u8 cannot hold the ignored label
    let [target, segments] = [call.target.clone(), call.segments.cast(dtype)].map(|array| upload(&array));
    let term = LinearDpo::default().of(&hidden, &weight, &target, &segments, &reference);
    let into: Vec<Tensor> = [&hidden, &weight].iter().map(|of| gpu().empty(of.shape()).unwrap()).collect();
    let log = gpu().empty([1]).unwrap();
    let gradients = vec![Gradient::store(&hidden, &into[0]), Gradient::store(&weight, &into[1])];
    let outputs = Outputs { loss: Some(log.clone()), gradients, ..Outputs::default() };
    let job = gpu().prepare(&term, &outputs).unwrap();
    let told = job.run().unwrap().loss().wait();
    let read = |tensor: &Tensor| tensor.read().wait().unwrap();
    (told, std::iter::once(&log).chain(&into).map(read).collect())
}

fn a_bad_segment_leaves_its_row_out() {
    for (dtype, value) in [(DType::I32, -1), (DType::I32, 6), (DType::U32, 1 << 31), (DType::U8, 200), (DType::I64, 6)]
    {
        let good = Call::new(300, 6);
        let (place, beyond) = (270, 290);
        let mut spoilt = good.clone();
        let with = |array: &Array, numbers: &[(usize, i64)]| {
            let mut all: Vec<i64> = array.to_f64().into_iter().map(|x| x as i64).collect();
            numbers.iter().for_each(|(place, number)| all[*place] = *number);
            integers(all)
        };
        spoilt.segments = with(&good.segments, &[(place, value), (beyond, value)]);
        // an ignored label leaves out its row in the same way
        let mut ignored = good.clone();
        ignored.target = with(&good.target, &[(place, -100), (beyond, -100)]);
        let (told, got) = run(&spoilt, dtype);
        assert_eq!(told, Err(bad(place as u64, value, 6)), "{dtype} {value}");
        let (told, want) = run(&ignored, dtype);
        assert!(told.is_ok(), "{told:?}");
        let bits = |arrays: &[Array]| -> Vec<Vec<u32>> {
            arrays.iter().map(|array| array.to_f32().into_iter().map(f32::to_bits).collect()).collect()
        };
        assert_eq!(bits(&got), bits(&want), "{dtype} {value}");
    }
}

fn a_bad_label_comes_before_a_bad_segment() {
    let mut call = Call::new(9, 2);
    call.segments = integers([0, 2, 1, 0, 1, 0, 1, 0, 1]);
    call.target = integers([0, 1, 2, 0, 1, 2, 3, 1, 2]);
    let refused = |position, value| Error::LabelOutOfRange {
        loss: "linear_dpo",
        operand: "target".into(),
        position,
        value,
        count: 3,
        ignored: Some(-100),
    };
    assert_eq!(cpu::value(&call.term(LinearDpo::default())).unwrap_err(), refused(6, 3));
    assert_eq!(run(&call, DType::I32).0, Err(refused(6, 3)));
}
