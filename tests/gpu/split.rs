//! Walks over tensors that are longer than a binding: they are cut into slices, and give the bits of the whole.

use crate::case::Case;
use crate::chosen::{losses, named, of_each_kind_of_walk};
use crate::harness::{tests, tests_of};
use crate::in_place::{gradient, same_bits};
use crate::judge::Failures;
use crate::limits::bare_device;
use crate::samples::samples;
use crate::{Shared, fresh_gpu, gpu};
use libtest_mimic::Trial;
use wgloss::wgpu::Limits;
use wgloss::{
    Activation, Array, CrossEntropy, DType, Dice, DiceCrossEntropy, Error, Extra, Gpu, InfoNce, LinearCrossEntropy,
    LinearDistillation, Loss, MarginKind, MarginSoftmax, Mse, Operand, Reduction, Result, SupCon, Tensor, Term, cpu,
};

pub fn tests() -> Vec<Trial> {
    let mut tests = tests![
        what_is_not_finite_counts_in_every_range,
        a_bad_label_is_told_of_once_whatever_the_ranges,
        a_walk_in_slices_takes_more_dispatches,
        three_hundred_megabytes,
        what_cannot_be_cut_is_refused_with_both_numbers,
        columns_of_several_bindings_have_the_bits_of_the_whole,
    ];
    let walks = of_each_kind_of_walk(losses(28, |loss| !samples(loss).beyond_a_binding.is_empty()));
    tests.extend(tests_of![walks; what_is_walked_in_slices_has_the_bits_of_the_whole]);
    let in_place = ["mse", "cross_entropy", "multi_margin", "distillation", "dice", "dice_cross_entropy"];
    tests.extend(tests_of![named(&in_place); gradients_of_slices_go_in_the_place_of_predictions]);
    tests
}

/// A GPU without features, whose bindings hold this many bytes. Longer tensors are walked in slices.
fn bare_gpu(bytes: u64) -> Gpu {
    let limits = Limits { max_storage_buffer_binding_size: bytes, ..gpu().device().limits() };
    let (device, queue) = bare_device(limits);
    Gpu::from_wgpu(device, queue)
}

/// A GPU whose bindings hold a loss's tensors whole, and one whose bindings don't. Tests share them.
pub fn pair() -> &'static [Gpu; 2] {
    static PAIR: Shared<[Gpu; 2]> = Shared::new(|| [bare_gpu(1 << 27), bare_gpu(1 << 20)]);
    PAIR.get()
}

/// The bits of a term's loss and gradients.
fn bits(gpu: &Gpu, term: &Term<Array>, of: &[&Array]) -> Result<Vec<Vec<u32>>> {
    let (outcome, gradients) = gpu.gradient_list(term, of)?;
    let all = std::iter::once(outcome.tensor().read()).chain(gradients.iter().map(Tensor::read));
    all.map(|read| Ok(read.wait()?.to_f32().into_iter().map(f32::to_bits).collect())).collect()
}

fn what_is_walked_in_slices_has_the_bits_of_the_whole(loss: &dyn Loss) {
    let mut failures = Failures::default();
    let takes = |reduction: &Reduction| loss.header().reductions.contains(reduction);
    let reductions: Vec<Reduction> = [Reduction::Mean, Reduction::None].into_iter().filter(takes).collect();
    let reductions = reductions.into_iter().cycle();
    for (&(shape, axis), reduction) in samples(loss).beyond_a_binding.iter().zip(reductions) {
        let mut case = Case::new(loss.header().id, shape, DType::I32).with_all();
        case.setting.axis = axis;
        let case = Case { reduction, ..case };
        failures.note(&case, compared_in_slices(&case));
    }
    failures.raise();
}

/// Compares the bits of a case on the two GPUs of [`pair`].
pub fn compared_in_slices(case: &Case) -> std::result::Result<(), String> {
    let inputs = case.inputs();
    let [whole, slices] = pair().each_ref().map(|gpu| bits(gpu, &case.term(&inputs), &case.differentiated(&inputs)));
    match (whole, slices) {
        (Ok(whole), Ok(slices)) if whole == slices => Ok(()),
        (Ok(_), Ok(_)) => Err("the bits differ".into()),
        (whole, slices) => Err(format!("{:?} {:?}", whole.err(), slices.err())),
    }
}

/// Logits of two items that exceed a binding of a narrow GPU, some of them not finite, and labels.
fn not_all_finite() -> (Array, Vec<i32>) {
    let (n, c, s) = (2, 40, 96 * 96);
    let mut x: Vec<f32> = (0..n * c * s).map(|i| (i % 101) as f32 / 25.0 - 2.0).collect();
    // in the first and in the last range of classes of each item: NaN or infinite, and masked
    for (class, position, logit) in
        [(1, 7, f32::NAN), (38, 70, f32::INFINITY), (2, 300, f32::NEG_INFINITY), (39, 5000, f32::NEG_INFINITY)]
    {
        x[class * s + position] = logit;
        x[(c + class) * s + position + 1] = logit;
    }
    (Array::new(&x, [n, c, s]).unwrap(), (0..n * s).map(|i| (i * 7 % c) as i32).collect())
}

/// Each kind of loss over pixels.
fn of_pixels<T: Operand>(x: &T, labels: &T) -> [Term<T>; 4] {
    let sigmoid = Dice { activation: Activation::Sigmoid, ..Dice::default() };
    [
        CrossEntropy::default().of(x, labels),
        Dice::default().of(x, labels),
        sigmoid.of(x, labels),
        DiceCrossEntropy::default().of(x, labels),
    ]
}

fn what_is_not_finite_counts_in_every_range() {
    let (whole, narrow) = (fresh_gpu(), bare_gpu(1 << 20));
    let (x, labels) = not_all_finite();
    let labels = Array::new(&labels, [2, 96 * 96]).unwrap();
    for term in of_pixels(&x, &labels) {
        let [whole, slices] = [&whole, &narrow].map(|gpu| bits(gpu, &term, &[&x]).unwrap());
        assert_eq!(whole[0], slices[0]);
        assert!(whole[1] == slices[1], "other bits of {term:?}");
        let nans = whole[1].iter().filter(|bits| f32::from_bits(**bits).is_nan()).count();
        assert!(nans >= 40 && nans < whole[1].len() || nans == whole[1].len(), "{nans} of {term:?}");
    }
    let statistics = [&whole, &narrow].map(|gpu| {
        let statistics = gpu.statistics(&Dice::default().of(&x, &labels)).unwrap().read().wait().unwrap();
        statistics.to_f32().into_iter().map(f32::to_bits).collect::<Vec<_>>()
    });
    assert_eq!(statistics[0], statistics[1]);
}

fn a_bad_label_is_told_of_once_whatever_the_ranges() {
    let narrow = bare_gpu(1 << 20);
    let (x, mut labels) = not_all_finite();
    (labels[9000], labels[9010]) = (41, -3);
    let (x, labels) = (narrow.upload_array(&x).unwrap(), narrow.upload(&labels, [2, 96 * 96]).unwrap());
    for term in of_pixels(&x, &labels) {
        match narrow.value(&term).unwrap().loss().wait() {
            Err(Error::LabelOutOfRange { position: 9000, value: 41, count: 40, .. }) => {}
            other => panic!("{other:?} of {term:?}"),
        }
    }
}

/// Each slice of a walk has its own elements, so it may overwrite its part of the prediction.
fn gradients_of_slices_go_in_the_place_of_predictions(loss: &dyn Loss) {
    let mut failures = Failures::default();
    for &(shape, axis) in samples(loss).beyond_a_binding {
        let mut case = Case::new(loss.header().id, shape, DType::I32).with_all();
        case.setting.axis = axis;
        failures.note(&case, same_bits(pair().each_ref().map(|gpu| gradient(gpu, &case, true))));
    }
    failures.raise();
}

fn a_walk_in_slices_takes_more_dispatches() {
    let dispatches = |gpu: &Gpu| {
        let [x, t] = [1.0, 2.0].map(|_| gpu.empty([100_000]).unwrap());
        gpu.prepare(&Mse::default().of(&x, &t), &Default::default()).unwrap().dispatches()
    };
    assert_eq!((dispatches(gpu()), dispatches(&bare_gpu(1 << 16))), (2, 9));
}

/// 300 MB of logits. A binding of lavapipe holds 128 MiB.
fn three_hundred_megabytes() {
    let (rows, classes) = (75_000, 1000);
    let logits = |i: usize| ((i as u32).wrapping_mul(2_654_435_761) >> 12) as f32 / 65_536.0 - 8.0;
    let x = Array::new(&(0..rows * classes).map(logits).collect::<Vec<f32>>(), [rows, classes]).unwrap();
    let labels = Array::new(&(0..rows).map(|i| (i * 7 % classes) as i32).collect::<Vec<_>>(), [rows]).unwrap();
    let loss = CrossEntropy::default();
    let (want, [want_gradient]) = cpu::gradients(&loss.of(&x, &labels), [&x]).unwrap();
    let (got, [gradient]) = gpu().gradients(&loss.of(&x, &labels), [&x]).unwrap();
    let (got, want) = (f64::from(got.loss().wait().unwrap()), want.loss().unwrap());
    // a mean of 75,000 losses, each with some roundings
    assert!((got - want).abs() <= 1e-6 * want, "{got}, the twin's {want}");
    let (got, want) = (gradient.read().wait().unwrap().to_f32(), want_gradient.to_f32());
    let most = want.iter().fold(0.0f32, |most, d| most.max(d.abs()));
    let worst = got.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= 1e-6 * most, "a gradient is off by {worst}, the greatest is {most}");
}

fn what_cannot_be_cut_is_refused_with_both_numbers() {
    let narrow = bare_gpu(1 << 16);
    // where the classes of regions lie together, one workgroup takes at least 1024 positions: 4 MiB with 1024 classes
    let x = narrow.empty([1, 50, 50, 1024]).unwrap().class_axis_last();
    let labels: Tensor = narrow.upload(&vec![0i32; 2500], [1, 50, 50]).unwrap();
    let term = Dice::default().of(&x, &labels);
    let refused = narrow.value(&term).map(drop).unwrap_err().to_string();
    assert!(refused.contains("4194304") && refused.contains("56304") && refused.contains("`input`"), "{refused}");
}

/// Few rows against columns that exceed a binding: a projection's rows, negatives, or the batch whose shard the anchors
/// are.
fn columns_of_several_bindings_have_the_bits_of_the_whole() {
    let (whole, narrow) = (bare_gpu(1 << 27), bare_gpu(1 << 20));
    let of_width = |n: usize, width: usize, seed: usize| {
        let numbers: Vec<f32> = (0..n * width).map(|i| ((i * 7919 + seed) % 1009) as f32 / 500.0 - 1.0).collect();
        Array::new(&numbers, [n, width]).unwrap()
    };
    let rows = |n: usize, seed: usize| of_width(n, 67, seed);
    let (few, key, many, more) = (rows(37, 1), rows(37, 2), rows(5003, 3), rows(5003, 4));
    // longer rows than the student's
    let (teacher, teacher_weight) = (of_width(37, 131, 5), of_width(5003, 131, 6));
    let labels = |n: usize| Array::new(&(0..n).map(|i| (i * 131 % 5003) as i32).collect::<Vec<_>>(), [n]).unwrap();
    let groups = Array::new(&(0..5003).map(|i| i % 50).collect::<Vec<_>>(), [5003]).unwrap();
    let terms = [
        (LinearCrossEntropy::default().of(&few, &many, &labels(37)), vec![&few, &many]),
        (LinearDistillation::default().of(&few, &many, &teacher, &teacher_weight), vec![&few, &many]),
        (MarginSoftmax::new().kind(MarginKind::Arcface).of(&few, &many, &labels(37)), vec![&few, &many]),
        // both rows and classes exceed a binding
        (MarginSoftmax::new().kind(MarginKind::Arcface).of(&many, &more, &labels(5003)), vec![&many, &more]),
        (InfoNce::default().of(&few, &key).with(Extra::Negatives, &many), vec![&few, &key, &many]),
        (SupCon::default().of(&many, &groups).with(Extra::Anchors, &few).rows_from(64), vec![&few, &many]),
    ];
    for (term, of) in terms {
        let [whole, narrow] = [&whole, &narrow].map(|gpu| bits(gpu, &term, &of).unwrap());
        assert!(whole == narrow, "{term:?}: the bits differ");
    }
}
