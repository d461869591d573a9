//! Sizes beyond what one dimension of a dispatch, one workgroup or an f32 counter holds.

use crate::case::{Case, Wanted};
use crate::draw::{all, follows_another, has};
use crate::gpu;
use crate::judge::Failures;
use wgloss::{
    Array, ClassAxis, DType, Extra, InfoNce, Leaf, LinearCrossEntropy, Loss, Mse, Reduction, Role, SupCon, Tensor, cpu,
};

/// More rows, items and regions than the 65,535 workgroups of a dimension.
fn shape(loss: &dyn Loss) -> &'static [usize] {
    match loss.leaf() {
        Leaf::Pointwise(_) | Leaf::Boxes(_) | Leaf::Vectors(_) | Leaf::Composite(_) => &[70_000, 3],
        Leaf::Softmax(_) | Leaf::ClassSum(_) | Leaf::Divergence(_) => &[70_000, 10],
        Leaf::Region(_) => &[70_000, 2, 3],
        // of all pairs the twin makes as many as it has time for
        Leaf::Similarity(_) => &[1500, 3],
        Leaf::Linear(_) => &[70_000, 3],
        Leaf::Gram(_) => &[70_000, 2, 3],
    }
}

#[test]
fn more_rows_than_workgroups_of_a_dimension() {
    let mut failures = Failures::default();
    // how many there are is the walk's business
    for loss in all().into_iter().filter(|loss| !follows_another(&**loss)) {
        let case = Case::new(loss.header().id, shape(&*loss), DType::I32).with_all();
        failures.note(&case, case.run(gpu()));
        let unreduced = Case { reduction: Reduction::None, ..Case::new(case.id, shape(&*loss), DType::U8) };
        failures.note(&unreduced, unreduced.run(gpu()));
    }
    failures.raise();
}

#[test]
fn many_pixels_of_few_images_and_few_pixels_of_many_classes() {
    let mut failures = Failures::default();
    for loss in all().into_iter().filter(|loss| has(&**loss, Role::Classes)) {
        for (shape, axis) in [
            (&[1, 3, 724, 726][..], ClassAxis::Second),
            (&[2, 300, 301, 4], ClassAxis::Last),
            (&[3, 1003, 41], ClassAxis::Second),
        ] {
            let mut case = Case::new(loss.header().id, shape, DType::I32);
            case.setting.axis = axis;
            failures.note(&case, case.run(gpu()));
        }
    }
    failures.raise();
}

/// Lanes keep few classes of many pixels: with everything that a loss can be given, beside labels and beside dense targets.
#[test]
fn many_pixels_of_few_classes() {
    let mut failures = Failures::default();
    for loss in all().into_iter().filter(|loss| has(&**loss, Role::Classes)) {
        for (classes, target) in [(2, DType::I32), (5, DType::F32), (24, DType::U8)] {
            let shape = [2, classes, 181, 184];
            let case = Case { reduction: Reduction::Mean, ..Case::new(loss.header().id, &shape, target).with_all() };
            if case.is_valid() {
                failures.note(&case, case.run(gpu()));
            }
        }
    }
    failures.raise();
}

/// Lanes keep their parts of rows that are many: of as many lanes as have one part, and of a workgroup's that have several.
#[test]
fn many_rows() {
    let mut failures = Failures::default();
    for loss in all().into_iter().filter(|loss| has(&**loss, Role::Classes)) {
        if matches!(loss.leaf(), Leaf::Region(_) | Leaf::Composite(_)) {
            continue;
        }
        for (shape, target) in [([13_111, 80], DType::I32), ([1050, 999], DType::F32), ([301, 3503], DType::I64)] {
            let case = Case { reduction: Reduction::Mean, ..Case::new(loss.header().id, &shape, target).with_all() };
            if case.is_valid() {
                failures.note(&case, case.run(gpu()));
            }
        }
    }
    failures.raise();
}

#[test]
fn items_of_more_than_a_million_elements() {
    let mut failures = Failures::default();
    for loss in all().into_iter().filter(|loss| has(&**loss, Role::Index)) {
        for reduction in [Reduction::Mean, Reduction::None] {
            let case = Case { reduction, ..Case::new(loss.header().id, &[2, (1 << 20) + 5], DType::I32) };
            failures.note(&case, case.run(gpu()));
        }
    }
    failures.raise();
}

#[test]
fn sums_of_ones_are_exact_beyond_what_f32_counts() {
    let sum = |x: &Tensor, reduction| {
        let zero = gpu().empty(x.shape()).unwrap();
        gpu().value(&Mse::default().of(x, &zero).reduce(reduction)).unwrap().loss().wait().unwrap()
    };
    // one more than f32 counts one by one; the last one's 4 shows that none is left out
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

#[test]
fn values_alone_agree_too() {
    // without gradients the plans are others: nothing is counted first
    let mut failures = Failures::default();
    for loss in all().into_iter().filter(|loss| !follows_another(&**loss)) {
        for reduction in [Reduction::Mean, Reduction::Sum] {
            let case =
                Case { wanted: Wanted::Nothing, reduction, ..Case::new(loss.header().id, shape(&*loss), DType::I32) };
            failures.note(&case, case.run(gpu()));
        }
    }
    failures.raise();
}

/// More columns than a block has: the gradients of both sides come of the same slopes, and nothing is counted twice.
#[test]
fn few_rows_against_very_many_columns() {
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
    let labels = Array::new(&[7i32, 200_000, 262_143], [n]).unwrap();
    let keys = Array::new(&drawn(n * d), [n, d]).unwrap();
    let groups = Array::new(&(0..v as i32).map(|row| row % 1000).collect::<Vec<_>>(), [v]).unwrap();
    let terms = [
        ("linear_cross_entropy", LinearCrossEntropy::default().of(&rows, &columns, &labels)),
        ("info_nce", InfoNce::default().of(&rows, &keys).with(Extra::Negatives, &columns)),
        ("sup_con", SupCon::default().of(&columns, &groups).with(Extra::Anchors, &rows)),
    ];
    for (name, term) in terms {
        let of = [&rows, &columns];
        let (want, slopes) = cpu::gradient_list(&term, &of).unwrap();
        let (got, gradients) = gpu().gradient_list(&term, &of).unwrap_or_else(|error| panic!("{name}: {error}"));
        let (got, want) = (f64::from(got.loss().wait().unwrap()), want.loss().unwrap());
        assert!((got - want).abs() <= 1e-5 * want.abs(), "{name}: {got}, not {want}");
        for (gradient, slope) in gradients.iter().zip(&slopes) {
            let (gradient, slope) = (gradient.read().wait().unwrap().to_f64(), slope.to_f64());
            let most = slope.iter().fold(0.0f64, |most, d| most.max(d.abs()));
            let apart = gradient.iter().zip(&slope).fold(0.0f64, |most, (a, b)| most.max((a - b).abs()));
            assert!(most > 0.0 && apart <= 1e-4 * most, "{name}: {apart} of {most}");
        }
    }
}
