//! Sizes beyond the limits of one dimension of a dispatch, of a workgroup, or of counting in f32.

use crate::case::{Case, Wanted};
use crate::chosen::{all, losses, of_each_family, of_each_kind_of_walk};
use crate::gpu;
use crate::harness::{tests, tests_of};
use crate::judge::Failures;
use crate::samples::samples;
use libtest_mimic::Trial;
use wgloss::{
    Array, DType, DistillationDirection, Extra, InfoNce, LinearCrossEntropy, LinearDistillation, Loss, MarginKind,
    MarginSoftmax, Mse, Reduction, SupCon, Tensor, Term, TripletHard, cpu,
};

pub fn tests() -> Vec<Trial> {
    let mut tests = tests![sums_of_ones_are_exact_beyond_what_f32_counts];
    // only the walk depends on the number of rows, so one loss of each walk is enough
    let walks = || of_each_kind_of_walk(all());
    tests.extend(tests_of![walks(); more_rows_than_workgroups_of_a_dimension]);
    let of_classes = || of_each_family(losses(10, |loss| !samples(loss).pixels.is_empty()));
    tests.extend(tests_of![of_classes(); many_pixels_or_many_classes, many_pixels_of_few_classes]);
    tests.extend(tests_of![of_each_family(losses(6, |loss| !samples(loss).many_rows.is_empty())); many_rows]);
    tests.extend(
        tests_of![losses(1, |loss| !samples(loss).long_items.is_empty()); items_of_more_than_a_million_elements],
    );
    tests.extend(tests_of![AGAINST_COLUMNS; few_rows_against_very_many_columns]);
    tests
}

fn more_rows_than_workgroups_of_a_dimension(loss: &dyn Loss) {
    let (mut failures, shape) = (Failures::default(), samples(loss).many);
    let case = Case::new(loss.header().id, shape, DType::I32).with_all();
    failures.note(&case, case.run(gpu()));
    let values_alone =
        Case { wanted: Wanted::Nothing, reduction: Reduction::None, ..Case::new(case.id, shape, DType::U8) };
    failures.note(&values_alone, values_alone.run(gpu()));
    failures.raise();
}

fn many_pixels_or_many_classes(loss: &dyn Loss) {
    let mut failures = Failures::default();
    for &(shape, axis) in samples(loss).pixels {
        let mut case = Case::new(loss.header().id, shape, DType::I32);
        case.setting.axis = axis;
        failures.note(&case, case.run(gpu()));
    }
    failures.raise();
}

/// A loss with all optional operands, with labels and with dense targets.
fn many_pixels_of_few_classes(loss: &dyn Loss) {
    let mut failures = Failures::default();
    for (&classes, target) in samples(loss).few_classes.iter().zip([DType::I32, DType::F32, DType::U8]) {
        let shape = [2, classes, 181, 184];
        let case = Case { reduction: Reduction::Mean, ..Case::new(loss.header().id, &shape, target).with_all() };
        if case.is_valid() {
            failures.note(&case, case.run(gpu()));
        }
    }
    failures.raise();
}

fn many_rows(loss: &dyn Loss) {
    let mut failures = Failures::default();
    for (shape, target) in samples(loss).many_rows.iter().zip([DType::I32, DType::F32, DType::I64]) {
        let case = Case { reduction: Reduction::Mean, ..Case::new(loss.header().id, shape, target).with_all() };
        if case.is_valid() {
            failures.note(&case, case.run(gpu()));
        }
    }
    failures.raise();
}

fn items_of_more_than_a_million_elements(loss: &dyn Loss) {
    let mut failures = Failures::default();
    for shape in samples(loss).long_items {
        for reduction in [Reduction::Mean, Reduction::None] {
            let case = Case { reduction, ..Case::new(loss.header().id, shape, DType::I32) };
            failures.note(&case, case.run(gpu()));
        }
    }
    failures.raise();
}

fn sums_of_ones_are_exact_beyond_what_f32_counts() {
    let sum = |x: &Tensor, reduction| {
        let zero = gpu().empty(x.shape()).unwrap();
        gpu().value(&Mse::default().of(x, &zero).reduce(reduction)).unwrap().loss().wait().unwrap()
    };
    // one element more than f32 can count in steps of one; the last element adds 4, so leaving it out shows
    let mut ones = vec![1.0f32; (1 << 24) + 1];
    *ones.last_mut().unwrap() = 2.0;
    let x = gpu().upload(&ones, [ones.len()]).unwrap();
    assert_eq!(sum(&x, Reduction::Sum), 16_777_220.0);
    let limits = gpu().device().limits();
    if limits.max_storage_buffer_binding_size >= 4 << 25 {
        ones.clear();
        ones.resize(1 << 25, 1.0);
        let x = gpu().upload(&ones, [1 << 13, 1 << 12]).unwrap();
        assert_eq!(sum(&x, Reduction::Sum), 33_554_432.0);
        assert_eq!(sum(&x, Reduction::Mean), 1.0);
    }
}

/// Makes a term of few rows, a key for each of them, and very many columns.
type OfColumns = fn(&Array, &Array, &Array) -> Term<Array>;

const AGAINST_COLUMNS: [(&str, OfColumns); 7] = [
    ("linear_cross_entropy", |rows, _, columns| {
        let labels = Array::new(&[7i32, 200_000, 262_143], [3]).unwrap();
        LinearCrossEntropy::default().of(rows, columns, &labels)
    }),
    ("margin_softmax", |rows, _, columns| {
        let labels = Array::new(&[7i32, 200_000, 262_143], [3]).unwrap();
        MarginSoftmax::new().s(16.0).kind(MarginKind::Arcface).of(rows, columns, &labels)
    }),
    ("linear_distillation", |rows, keys, columns| {
        let [teacher, weight] = of_teacher(keys, columns);
        LinearDistillation::default().of(rows, columns, &teacher, &weight)
    }),
    ("linear_distillation_js", |rows, keys, columns| {
        let [teacher, weight] = of_teacher(keys, columns);
        LinearDistillation::new().direction(DistillationDirection::Js).of(rows, columns, &teacher, &weight)
    }),
    ("info_nce", |rows, keys, columns| InfoNce::default().of(rows, keys).with(Extra::Negatives, columns)),
    ("sup_con", |rows, _, columns| {
        let groups: Vec<i32> = (0..columns.shape()[0] as i32).map(|row| row % 1000).collect();
        let groups = Array::new(&groups, [groups.len()]).unwrap();
        SupCon::default().of(columns, &groups).with(Extra::Anchors, rows)
    }),
    ("triplet_hard", |rows, _, columns| {
        let groups: Vec<i32> = (0..columns.shape()[0] as i32).map(|row| row % 1000).collect();
        let groups = Array::new(&groups, [groups.len()]).unwrap();
        TripletHard::default().of(columns, &groups).with(Extra::Anchors, rows)
    }),
];

/// A teacher's rows and columns, half as long.
fn of_teacher(rows: &Array, columns: &Array) -> [Array; 2] {
    [rows, columns].map(|of| {
        let (numbers, shape) = (of.to_f32(), of.shape());
        let last = &numbers[numbers.len() / 2..];
        Array::new(last, [shape[0], shape[1] / 2]).unwrap()
    })
}

/// More columns than a block has: the gradients of rows and columns come from the same slopes, and nothing is counted
/// twice.
fn few_rows_against_very_many_columns(term: &OfColumns) {
    let mut random = 1u64;
    let mut drawn = |count: usize| {
        let number = |_| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((random >> 40) as f32 / (1 << 24) as f32) - 0.5
        };
        (0..count).map(number).collect::<Vec<f32>>()
    };
    let (n, d, v) = (3, 8, 262_144);
    let rows = Array::new(&drawn(n * d), [n, d]).unwrap();
    let columns = Array::new(&drawn(v * d), [v, d]).unwrap();
    let keys = Array::new(&drawn(n * d), [n, d]).unwrap();
    let (term, of) = (term(&rows, &keys, &columns), [&rows, &columns]);
    let (want, slopes) = cpu::gradient_list(&term, &of).unwrap();
    let (got, gradients) = gpu().gradient_list(&term, &of).unwrap_or_else(|error| panic!("{error}"));
    let (got, want) = (f64::from(got.loss().wait().unwrap()), want.loss().unwrap());
    assert!((got - want).abs() <= 1e-5 * want.abs(), "{got}, not {want}");
    for (gradient, slope) in gradients.iter().zip(&slopes) {
        let (gradient, slope) = (gradient.read().wait().unwrap().to_f64(), slope.to_f64());
        let most = slope.iter().fold(0.0f64, |most, d| most.max(d.abs()));
        let apart = gradient.iter().zip(&slope).fold(0.0f64, |most, (a, b)| most.max((a - b).abs()));
        assert!(most > 0.0 && apart <= 1e-4 * most, "{apart} of {most}");
    }
}
