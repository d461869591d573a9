//! Small inputs at the edges of what shaders handle. Each test fails if a certain line of a shader is wrong.

use crate::case::Case;
use crate::chosen::losses;
use crate::draw::{has, labels_of, option_values};
use crate::gpu;
use crate::harness::{tests, tests_of};
use crate::judge::{Failures, Given};
use libtest_mimic::Trial;
use wgloss::custom::Leaf;
use wgloss::header::{Domain, Role};
use wgloss::{
    Array, BoxFormat, BoxIou, CrossEntropy, DType, Dice, DiceBce, DiceCrossEntropy, DiceFocal, Error, GeneralizedDice,
    IouKind, Loss, SoftmaxFocal, SupCon, Tensor, Term, TripletHard, Tversky, Weighting, cpu,
};

pub fn tests() -> Vec<Trial> {
    let mut tests = tests![
        labels_of_every_dtype_are_the_same_labels,
        labels_that_differ_in_their_high_halves_alone_differ,
        boxes_without_an_area_are_finite,
        a_class_that_is_absent_weighs_as_much_as_the_rarest,
    ];
    tests.extend(tests_of![BY_FOURS; a_bad_label_is_found_at_every_place_of_a_four]);
    let elements = losses(26, |loss| matches!(loss.leaf(), Leaf::Pointwise(_) | Leaf::Composite(_)));
    tests.extend(tests_of![elements; where_a_slope_jumps_it_is_the_twins]);
    let weighted = losses(7, |loss| has(loss, Role::PerClass) && has(loss, Role::Classes));
    tests.extend(tests_of![weighted; a_nan_shows_under_a_class_weight_of_0]);
    tests
}

/// Compares the loss and the gradient of `x` with the twin's, which must be finite.
pub fn as_the_twin(name: &str, term: &Term<Array>, x: &Array) {
    let want = Given::by_twin(cpu::gradient_list(term, &[x]).unwrap());
    let finite = want.tensor.to_f64().iter().chain(&want.gradients[0].to_f64()).all(|number| number.is_finite());
    assert!(finite, "{name}: the twin gives {want:?}");
    let given = Given::by_gpu(gpu(), term, &[x]).unwrap();
    given.judge(&want).unwrap_or_else(|error| panic!("{name}: {error}"));
}

/// Numbers without a pattern.
pub fn numbers(shape: &[usize]) -> Array {
    let count = shape.iter().product::<usize>();
    Array::new(&(0..count).map(|k| (7.0 * k as f32).sin()).collect::<Vec<_>>(), shape).unwrap()
}

/// Makes the term of a loss from a prediction and a target.
type Of = fn(&Tensor, &Tensor) -> Term<Tensor>;

/// Losses with kernels whose lanes take four neighbouring positions.
const BY_FOURS: [(&str, Of); 8] = [
    ("dice", |x, t| Dice::default().of(x, t)),
    ("tversky", |x, t| Tversky::default().of(x, t)),
    ("generalized_dice", |x, t| GeneralizedDice::default().of(x, t)),
    ("dice_cross_entropy", |x, t| DiceCrossEntropy::default().of(x, t)),
    ("dice_bce", |x, t| DiceBce::default().of(x, t)),
    ("dice_focal", |x, t| DiceFocal::default().of(x, t)),
    ("cross_entropy", |x, t| CrossEntropy::default().of(x, t)),
    ("softmax_focal", |x, t| SoftmaxFocal::default().of(x, t)),
];

fn a_bad_label_is_found_at_every_place_of_a_four(of: &Of) {
    // the labels of 12 positions are loaded four at a time; those of 11 singly, two groups of four and a rest of three
    for (places, dtype) in [11, 12].iter().flat_map(|n| [DType::I32, DType::U8, DType::I64].map(|of| (*n, of))) {
        let x = gpu().upload_array(&numbers(&[1, 3, places])).unwrap();
        for bad in 0..places {
            let labels: Vec<i64> = (0..places).map(|place| if place == bad { 9 } else { place as i64 % 3 }).collect();
            // uploaded, since the host refuses bad labels in arrays before a kernel sees them
            let labels = gpu().upload_array(&labels_of(&labels, dtype, &[1, places])).unwrap();
            let told = gpu().value(&of(&x, &labels)).unwrap().loss().wait();
            let found =
                matches!(told, Err(Error::LabelOutOfRange { position, value: 9, .. }) if position == bad as u64);
            assert!(found, "{places} {dtype} labels, the one at {bad} bad: {told:?}");
        }
    }
}

fn labels_of_every_dtype_are_the_same_labels() {
    // the labels of 8 positions are loaded four at a time, those of 11 singly
    for (places, dtype) in
        [8, 11].iter().flat_map(|n| [DType::I32, DType::U32, DType::U8, DType::I64].map(|of| (*n, of)))
    {
        let x = numbers(&[1, 3, places]);
        let labels = labels_of(&[2, 0, 1, 1, 2, 2, 0, 1, 0, 2, 1][..places], dtype, &[1, places]);
        as_the_twin(&format!("dice, {places} {dtype} labels"), &Dice::default().of(&x, &labels), &x);
        as_the_twin(&format!("cross_entropy, {places} {dtype} labels"), &CrossEntropy::default().of(&x, &labels), &x);
    }
}

fn labels_that_differ_in_their_high_halves_alone_differ() {
    let x = numbers(&[6, 3]);
    // neither the low halves nor the high halves alone distinguish all labels
    let labels = Array::new(&[1i64, (1 << 32) + 1, 1, (1 << 32) + 1, 1 << 32, 1 << 32], [6]).unwrap();
    as_the_twin("sup_con", &SupCon::default().of(&x, &labels), &x);
    as_the_twin("triplet_hard", &TripletHard::default().of(&x, &labels), &x);
}

fn boxes_without_an_area_are_finite() {
    let of = [[1.0f32, 1.0, 1.0, 1.0], [0.0, 0.0, 2.0, 1.0], [1.0, 0.0, 1.0, 3.0], [0.0, 2.0, 3.0, 2.0]];
    // two equal boxes with an area are left out, since their gradient comes from eps alone
    let pairs = of.iter().flat_map(|a| of.iter().map(move |b| (a, b)));
    let pairs: Vec<_> = pairs.filter(|(a, b)| a != b || a[0] == a[2] || a[1] == a[3]).collect();
    let boxes = |numbers: Vec<f32>| Array::new(&numbers, [pairs.len(), 4]).unwrap();
    let x = boxes(pairs.iter().flat_map(|(a, _)| **a).collect());
    let t = boxes(pairs.iter().flat_map(|(_, b)| **b).collect());
    use IouKind::{Ciou, Diou, Eiou, Giou, Iou, Siou};
    for format in [BoxFormat::Xyxy, BoxFormat::Cxcywh] {
        for kind in [Iou, Giou, Diou, Ciou, Eiou, Siou] {
            let loss = BoxIou { kind, format, ..BoxIou::default() };
            as_the_twin(&format!("{kind:?} {format:?}"), &loss.of(&x, &t), &x);
        }
    }
}

fn a_class_that_is_absent_weighs_as_much_as_the_rarest() {
    let x = numbers(&[2, 4, 9]);
    // class 3 is in neither item, class 1 in one item
    let labels = Array::new(&[0i32, 0, 0, 2, 2, 0, 0, 2, 0, 0, 1, 1, 2, 2, 2, 0, 0, 1], [2, 9]).unwrap();
    for weighting in [Weighting::Square, Weighting::Simple, Weighting::Uniform] {
        let loss = GeneralizedDice { weighting, ..GeneralizedDice::default() };
        as_the_twin(&format!("{weighting:?}"), &loss.of(&x, &labels), &x);
    }
}

fn where_a_slope_jumps_it_is_the_twins(loss: &dyn Loss) {
    const KINKS: [f32; 5] = [-1.0, -0.5, 0.0, 0.5, 1.0];
    let mut failures = Failures::default();
    let plain = Case::new(loss.header().id, &[25, 5], DType::F32);
    let options =
        loss.specs().into_iter().zip(loss.values()).flat_map(|(spec, default)| {
            option_values(&spec, &default).into_iter().map(move |value| (spec.name, value))
        });
    let cases: Vec<Case> = options.map(|(name, value)| plain.clone().option(name, value)).collect();
    for case in cases.into_iter().chain([plain]).filter(Case::is_valid) {
        let mut inputs = case.inputs();
        let reals = loss
            .header()
            .operands
            .iter()
            .filter(|spec| matches!(spec.role, Role::Element | Role::Part) && spec.domain == Domain::Real);
        for (spec, stride) in reals.filter(|spec| !spec.optional).zip([1, 5, 25]) {
            // the strides combine every number of one operand with every number of the others
            let array = inputs.operand(spec.name);
            let numbers: Vec<f32> = (0..array.len()).map(|at| KINKS[at / stride % 5]).collect();
            *array = Array::new(&numbers, array.shape()).unwrap();
        }
        failures.note(&case, case.run_on(gpu(), &inputs));
    }
    failures.raise();
}

fn a_nan_shows_under_a_class_weight_of_0(loss: &dyn Loss) {
    let mut failures = Failures::default();
    let named = |role| loss.header().operands.iter().find(|spec| spec.role == role).unwrap().name;
    let (weight, x) = (named(Role::PerClass), named(Role::Classes));
    for shape in [&[5, 3][..], &[2, 3, 8]] {
        let case = Case { optional: vec![weight], ..Case::new(loss.header().id, shape, DType::I32) };
        let mut inputs = case.inputs();
        let weights = inputs.operand(weight);
        *weights = Array::new(&vec![0.0f32; weights.len()], weights.shape()).unwrap();
        let logits = inputs.operand(x);
        let mut numbers = logits.to_f32();
        numbers[1] = f32::NAN;
        *logits = Array::new(&numbers, logits.shape()).unwrap();
        failures.note(&case, case.run_on(gpu(), &inputs));
    }
    failures.raise();
}
