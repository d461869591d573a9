//! Alignments of sequences: long ones, walks in blocks, and lengths and labels on the GPU that are out of range.

use crate::harness::tests;
use crate::judge::{close, same};
use crate::{fresh_gpu, gpu};
use libtest_mimic::Trial;
use wgloss::{Array, Ctc, DType, Error, Gpu, Reduction, Tensor, Term, cpu};

pub fn tests() -> Vec<Trial> {
    tests![
        twenty_thousand_steps_keep_their_digits,
        labels_that_fill_their_steps_keep_their_digits,
        labels_one_after_another_give_the_bits_of_rows,
        the_workspace_bound_changes_the_blocks_and_not_a_bit,
        a_bad_length_or_label_leaves_its_item_out,
        numbers_of_labels_that_do_not_add_up_are_reported,
        one_label_again_and_again,
        log_probabilities_near_the_lowest_f32,
    ]
}

/// Log-probabilities without a pattern, normalised for each step up to f32's rounding.
fn log_probs(steps: usize, items: usize, classes: usize, spread: f64) -> Array {
    let mut state = 7u64;
    let mut number = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        spread * ((state >> 40) as f64 / f64::from(1 << 24) - 0.5)
    };
    let mut numbers: Vec<f64> = (0..steps * items * classes).map(|_| number()).collect();
    for row in numbers.chunks_mut(classes) {
        let log_sum = row.iter().map(|x| x.exp()).sum::<f64>().ln();
        row.iter_mut().for_each(|x| *x -= log_sum);
    }
    Array::new(&numbers.iter().map(|x| *x as f32).collect::<Vec<f32>>(), [steps, items, classes]).unwrap()
}

fn ints(numbers: impl IntoIterator<Item = usize>, shape: &[usize]) -> Array {
    Array::new(&numbers.into_iter().map(|number| number as i32).collect::<Vec<_>>(), shape).unwrap()
}

/// The values and the gradient on a GPU.
fn on_gpu(gpu: &Gpu, term: &Term<Array>, x: &Array) -> (Array, Array) {
    let (outcome, [gradient]) = gpu.gradients(term, [x]).unwrap();
    (outcome.tensor().read().wait().unwrap(), gradient.read().wait().unwrap())
}

/// The bits of the values and of the gradient.
fn bits(gpu: &Gpu, term: &Term<Array>, x: &Array) -> [Vec<u32>; 2] {
    let (values, gradient) = on_gpu(gpu, term, x);
    [values, gradient].map(|array| array.to_f32().into_iter().map(f32::to_bits).collect())
}

fn judge(term: &Term<Array>, x: &Array) {
    let (want, [want_gradient]) = cpu::gradients(term, [x]).unwrap();
    let (got, gradient) = on_gpu(gpu(), term, x);
    for (got, want) in got.to_f64().iter().zip(want.tensor().to_f64()) {
        assert!((got - want).abs() <= 1e-6 * want.abs(), "{got}, the twin's {want}");
    }
    same(&gradient, &want_gradient).unwrap();
}

/// In f32 the sum of logs would have two digits after the point, and the posteriors would be off by a percent.
fn twenty_thousand_steps_keep_their_digits() {
    let (steps, labels, classes) = (20_000, 300, 6);
    let x = log_probs(steps, 1, classes, 8.0);
    let targets = ints((0..labels).map(|k| 1 + (k * k + k / 7) % (classes - 1)), &[1, labels]);
    let term = Ctc::default().of(&x, &targets, &ints([steps], &[1]), &ints([labels], &[1]));
    judge(&term.reduce(Reduction::None), &x);
}

/// The exponents of such probabilities are at the end of f32, and so are sums of them.
fn log_probabilities_near_the_lowest_f32() {
    let one = || ints([1], &[1]);
    for (log, zero_infinity) in [(-1.9e38, false), (f32::MIN, true)] {
        let x = Array::new(&[0.0f32, log], [1, 1, 2]).unwrap();
        let term = Ctc::new().zero_infinity(zero_infinity).of(&x, &one(), &one(), &one());
        judge(&term, &x);
    }
}

/// At each step, nearly all beginnings of alignments have fallen so far behind that they cannot end in time. Only a small
/// part of their probability counts, which f32 would lose.
fn labels_that_fill_their_steps_keep_their_digits() {
    let labels = 400;
    let targets = ints((0..labels).map(|k| 1 + k % 3), &[1, labels]);
    for steps in [400, 405, 500] {
        let x = log_probs(steps, 1, 4, 3.0);
        let term = Ctc::default().of(&x, &targets, &ints([steps], &[1]), &ints([labels], &[1]));
        judge(&term.reduce(Reduction::Sum), &x);
    }
}

fn labels_one_after_another_give_the_bits_of_rows() {
    let (x, counts) = (log_probs(40, 5, 7, 4.0), [3usize, 0, 12, 1, 7]);
    let label = |n: usize, k: usize| 1 + (3 * n + 5 * k) % 6;
    let joined = (0..5).flat_map(|n| (0..counts[n]).map(move |k| label(n, k)));
    // entries beyond an item's labels are not read, so they need not be classes
    let rows = (0..5).flat_map(|n| (0..15).map(move |k| if k < counts[n] { label(n, k) } else { 77 }));
    let steps = ints([40, 3, 39, 2, 30], &[5]);
    let of = |targets: &Array| Ctc::default().of(&x, targets, &steps, &ints(counts, &[5])).reduce(Reduction::None);
    let (one, other) = (of(&ints(joined, &[23])), of(&ints(rows, &[5, 15])));
    assert_eq!(bits(gpu(), &one, &x), bits(gpu(), &other, &x));
    judge(&one, &x);
}

fn the_workspace_bound_changes_the_blocks_and_not_a_bit() {
    let (x, labels) = (log_probs(530, 5, 5, 4.0), 30);
    let targets = ints((0..5 * labels).map(|k| 1 + (k * k) % 4), &[5, labels]);
    let counts = ints((0..5).map(|n| 30 - 7 * n), &[5]);
    let term = Ctc::default().of(&x, &targets, &ints([530, 512, 513, 0, 529], &[5]), &counts);
    let term = term.reduce(Reduction::None);
    let gpu = fresh_gpu();
    let want = bits(&gpu, &term, &x);
    // blocks of fewer steps, then also blocks of items
    for bound in [600_000, 110_000] {
        gpu.set_workspace_bound(bound);
        assert!(bits(&gpu, &term, &x) == want, "within {bound} bytes");
    }
    gpu.set_workspace_bound(10_000);
    match gpu.value(&term).map(drop) {
        Err(Error::TooLarge { what, needed, limit: 10_000 }) => assert!(what.contains("workspace") && needed > 10_000),
        other => panic!("{other:?}"),
    }
}

/// The uploaded tensors of a call. Lengths and labels have this dtype.
fn uploaded(x: &Array, integers: [&Array; 3], dtype: DType) -> [Tensor; 4] {
    let [targets, steps, labels] = integers.map(|array| gpu().upload_array(&array.cast(dtype)).unwrap());
    [gpu().upload_array(x).unwrap(), targets, steps, labels]
}

fn a_bad_length_or_label_leaves_its_item_out() {
    let x = log_probs(9, 3, 4, 4.0);
    let good = [ints([1, 2, 3, 3, 1, 2], &[3, 2]), ints([9, 8, 7], &[3]), ints([2, 1, 2], &[3])];
    let samples = Array::new(&[0.5f32, 2.0, 1.0], [3]).unwrap();
    // bad for item 1: its number of steps, its number of labels, its first label; not bad: an entry beyond its labels
    for (operand, place, name, count) in
        [(1, 1, "input_lengths", 10), (2, 1, "target_lengths", 3), (0, 2, "targets", 4), (0, 3, "", 0)]
    {
        for (dtype, value) in [(DType::I32, -1), (DType::U32, 200), (DType::U8, 200), (DType::I64, 200)] {
            let mut integers = good.clone();
            let mut numbers: Vec<i64> = integers[operand].to_f64().into_iter().map(|number| number as i64).collect();
            numbers[place] = value;
            integers[operand] = Array::new(&numbers, integers[operand].shape()).unwrap();
            let [x_there, targets, steps, labels] = uploaded(&x, integers.each_ref(), dtype);
            let weights = gpu().upload_array(&samples).unwrap();
            let term = Ctc::default().of(&x_there, &targets, &steps, &labels).sample_weight(&weights);
            let into = gpu().empty(x.shape()).unwrap();
            let log = gpu().empty([1]).unwrap();
            let outputs = wgloss::Outputs {
                loss: Some(log.clone()),
                gradients: vec![wgloss::Gradient::store(&x_there, &into)],
                ..Default::default()
            };
            let job = gpu().prepare(&term, &outputs).unwrap();
            let read = job.run().unwrap().loss().wait().map(drop);
            match (name, read) {
                ("", read) => assert_eq!(read, Ok(())),
                (_, Err(Error::LabelOutOfRange { operand, position, value: held, count: known, .. })) => {
                    assert_eq!((&operand[..], position, held, known), (name, place as u64, value, count), "{dtype}");
                }
                other => panic!("{other:?}"),
            }
            // compared with a call of the twin in which the item has the weight 0
            let kept = if name.is_empty() { samples.clone() } else { Array::new(&[0.5f32, 0.0, 1.0], [3]).unwrap() };
            let twin = Ctc::default().of(&x, &good[0], &good[1], &good[2]).sample_weight(&kept);
            let (want, [gradient]) = cpu::gradients(&twin, [&x]).unwrap();
            close(&log.read().wait().unwrap().to_f64(), &[want.loss().unwrap()]).unwrap();
            same(&into.read().wait().unwrap(), &gradient).unwrap();
        }
    }
}

fn numbers_of_labels_that_do_not_add_up_are_reported() {
    let x = log_probs(9, 3, 4, 4.0);
    for counts in [[2, 1, 0], [2, 1, 2]] {
        let integers = [ints([1, 2, 3, 1], &[4]), ints([9, 9, 9], &[3]), ints(counts, &[3])];
        let [x, targets, steps, labels] = uploaded(&x, integers.each_ref(), DType::I32);
        let outcome = gpu().value(&Ctc::default().of(&x, &targets, &steps, &labels)).unwrap();
        let sum = counts.iter().sum::<usize>();
        match outcome.loss().wait() {
            Err(Error::ShapeMismatch { operand, expected, got, .. }) => {
                assert_eq!((&operand[..], got), ("targets", vec![4]));
                assert!(expected.contains(&format!("[{sum}], the sum of `target_lengths`")), "{expected}");
            }
            other => panic!("{other:?}"),
        }
    }
}

/// All labels of the item are equal, so one class has nearly as many nodes as the blank.
fn one_label_again_and_again() {
    for classes in [2, 300] {
        let x = log_probs(601, 1, classes, 4.0);
        let targets = ints(std::iter::repeat_n(1, 300), &[300]);
        let term = Ctc::default().of(&x, &targets, &ints([601], &[1]), &ints([300], &[1]));
        judge(&term.reduce(Reduction::Sum), &x);
    }
}
