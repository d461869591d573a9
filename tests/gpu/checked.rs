//! Checked terms: for every number the GPU reports what the twin reports, and the loss is the same as without the check.

use crate::case::{Case, Floats, Inputs};
use crate::chosen::{all, losses, of_each_family};
use crate::draw::{Rng, Setting, has};
use crate::gpu;
use crate::harness::{tests, tests_of};
use crate::samples::samples;
use crate::split::pair;
use libtest_mimic::Trial;
use std::collections::BTreeSet;
use wgloss::header::Role;
use wgloss::{Array, CrossEntropy, DType, Error, Gpu, Kto, Loss, Mse, Observation, Operand, Outputs, Reduction, cpu};

pub fn tests() -> Vec<Trial> {
    // the kernels of inspections depend on the family's plan and not on the leaf, so one loss of each family is enough
    let mut tests = tests_of![of_each_family(all()); a_number_is_refused_as_the_twin_refuses_it];
    let longer = losses(20, |loss| !samples(loss).drawn_beyond_a_binding.is_empty());
    tests.extend(tests_of![of_each_family(longer); a_number_in_a_slice_is_refused_as_the_twin_refuses_it]);
    tests.extend(tests![
        a_check_changes_no_bit_of_the_loss,
        a_job_names_the_first_fault_of_all_runs,
        a_label_comes_before_numbers_and_a_part_before_the_next,
        a_number_whose_mean_is_taken_is_refused_as_the_twin_refuses_it
    ]);
    tests
}

/// Numbers that are out of range for some operand.
const SPECIALS: [f64; 3] = [f64::NAN, f64::NEG_INFINITY, 1.5];

/// Whether the twin and the GPU refuse a case, and with which errors.
fn both(case: &Case, gpu: &Gpu, inputs: &Inputs<Array>) -> [Result<(), Error>; 2] {
    let on_gpu = || {
        let inputs = inputs.on(&mut |array| gpu.upload_array(array))?;
        gpu.value(&case.term(&inputs))?.tensor().read().wait().map(drop)
    };
    // each device adds up a sum over classes in its own way, so the refused sum is compared to one digit after the point
    let rounded = |error: Error| match error {
        Error::TargetOutOfRange { loss, operand, position, value, expected } if expected.contains("add up") => {
            let value = value.parse::<f32>().map_or(value, |sum| format!("{sum:.1}"));
            Error::TargetOutOfRange { loss, operand, position, value, expected }
        }
        other => other,
    };
    [cpu::value(&case.term(inputs)).map(drop), on_gpu()].map(|answer| answer.map_err(rounded))
}

/// The inputs with one element of an operand replaced by `number`.
fn with(inputs: &Inputs<Array>, name: &'static str, element: usize, number: f64) -> Inputs<Array> {
    let mut spoilt = inputs.on(&mut |array| Ok::<Array, Error>(array.clone())).unwrap();
    let array = spoilt.operand(name);
    let mut numbers = array.to_f64();
    numbers[element] = number;
    *array = Array::new(&numbers, array.shape()).unwrap().cast(array.dtype()).with_class_axis(array.class_axis());
    spoilt
}

/// Puts each number into every float operand of a case, and compares both answers. Returns the kinds of the refusals.
fn spoil(case: &Case, gpu: &Gpu, numbers: &[f64]) -> BTreeSet<&'static str> {
    let (inputs, mut kinds, mut random) = (case.inputs(), BTreeSet::new(), Rng::new(7));
    let floats = inputs.operands.iter().filter(|(_, array)| array.dtype().is_float() && !array.is_empty());
    for (name, array) in floats {
        for &number in numbers {
            let element = random.below(array.len());
            let [want, got] = both(case, gpu, &with(&inputs, name, element, number));
            assert_eq!(got, want, "{number} at {element} of `{name}` in {case:?}");
            kinds.extend(want.err().map(|error| error.kind()));
        }
    }
    kinds
}

fn a_number_is_refused_as_the_twin_refuses_it(loss: &dyn Loss) {
    let (id, mut kinds) = (loss.header().id, BTreeSet::new());
    let targets: &[DType] = if has(loss, Role::Target) { &[DType::U8, DType::F32] } else { &[DType::I64] };
    for (place, shape) in samples(loss).walks.iter().enumerate() {
        for &target in targets {
            let plain = Case { checked: true, ..Case::new(id, shape, target) };
            let floats = if place % 2 == 0 { Floats::All(DType::F32) } else { Floats::Mixed };
            for case in [plain.clone(), Case { floats, ..plain.with_all() }] {
                if (Case { checked: false, ..case.clone() }).is_valid() {
                    kinds.extend(spoil(&case, gpu(), &SPECIALS));
                }
            }
        }
    }
    assert!(kinds.contains("not_finite"), "{id} was refused for {kinds:?} alone");
}

fn a_number_in_a_slice_is_refused_as_the_twin_refuses_it(loss: &dyn Loss) {
    let id = loss.header().id;
    for &(shape, axis) in samples(loss).drawn_beyond_a_binding {
        let setting = Setting::new(loss, shape, axis, DType::I32);
        let case = Case { checked: true, setting, ..Case::new(id, shape, DType::I32).with_all() };
        if (Case { checked: false, ..case.clone() }).is_valid() {
            let kinds = spoil(&case, &pair()[1], &[f64::NAN]);
            assert_eq!(kinds, BTreeSet::from(["not_finite"]), "{id} of {shape:?}");
        }
    }
}

fn a_check_changes_no_bit_of_the_loss() {
    for (id, shape) in [("cross_entropy", &[70, 37][..]), ("mse", &[257, 65]), ("dice", &[2, 3, 40, 41])] {
        let plain = Case { reduction: Reduction::Mean, ..Case::new(id, shape, DType::I32) };
        let bits = |checked| {
            let case = Case { checked, ..plain.clone() };
            let inputs = case.inputs();
            let (outcome, gradients) = gpu().gradient_list(&case.term(&inputs), &case.differentiated(&inputs)).unwrap();
            let words = |array: Array| array.to_f32().into_iter().map(f32::to_bits).collect::<Vec<_>>();
            let gradients = gradients.iter().map(|gradient| words(gradient.read().wait().unwrap()));
            (outcome.loss().wait().unwrap().to_bits(), gradients.collect::<Vec<_>>())
        };
        assert_eq!(bits(true), bits(false), "{id}");
    }
}

fn a_job_names_the_first_fault_of_all_runs() {
    let gpu = gpu();
    let [x, t] = [[1.0f32, 2.0, 3.0], [0.0, 0.0, 0.0]].map(|numbers| gpu.upload(&numbers, [3]).unwrap());
    let job = gpu.prepare(&Mse::default().of(&x, &t).checked(), &Outputs::default()).unwrap();
    job.run().unwrap();
    job.check().wait().unwrap();
    x.write(&[1.0f32, f32::NAN, f32::INFINITY]).unwrap();
    job.run().unwrap();
    let not_finite =
        Error::NotFinite { loss: "mse", operand: "input".into(), position: 1, value: f32::NAN.to_string() };
    assert_eq!(job.outcome().loss().wait(), Err(not_finite.clone()));
    x.write(&[1.0f32, 2.0, 3.0]).unwrap();
    job.run().unwrap();
    assert!(job.outcome().loss().wait().is_ok(), "the last run had good numbers");
    assert_eq!(job.check().wait(), Err(not_finite));
    job.check().wait().unwrap();
}

fn a_label_comes_before_numbers_and_a_part_before_the_next() {
    let array = |numbers: &[f32], shape: &[usize]| Array::new(numbers, shape).unwrap();
    let logits = array(&[f32::NAN, 0.0, 1.0, 2.0], &[2, 2]);
    let (good, bad) = (Array::new(&[0i32, 1], [2]).unwrap(), Array::new(&[0i32, 7], [2]).unwrap());
    let (x, t) = (array(&[f32::INFINITY], &[1]), array(&[0.0], &[1]));
    let kind = |labels: &Array| {
        let on_gpu = |array: &Array| gpu().upload_array(array).unwrap();
        let of_classes = CrossEntropy::default().of(&on_gpu(&logits), &on_gpu(labels));
        let term = of_classes.observe(Observation::Accuracy) + Mse::default().of(&on_gpu(&x), &on_gpu(&t));
        let error = gpu().value(&term.checked()).unwrap().loss().wait().unwrap_err();
        (error.kind(), error.to_string())
    };
    assert_eq!(kind(&bad).0, "label_out_of_range");
    let (kind, text) = kind(&good);
    assert_eq!((kind, text.split(':').next()), ("not_finite", Some("cross_entropy")));
}

fn a_number_whose_mean_is_taken_is_refused_as_the_twin_refuses_it() {
    let array = |numbers: &[f32]| Array::new(numbers, [numbers.len()]).unwrap();
    let (policy, label) = (array(&[-1.0, -2.0]), array(&[1.0, 0.0]));
    for (kl, refused) in [(array(&[0.5, 1.0, f32::NAN]), true), (array(&[0.5, 1.0, 2.0]), false)] {
        let term = Kto::default().of(&policy, &policy, &label).kl(&kl).checked();
        let want = cpu::value(&term).err();
        let on_gpu = term.map(|array| gpu().upload_array(array)).unwrap();
        assert_eq!(gpu().value(&on_gpu).unwrap().loss().wait().err(), want);
        assert_eq!(want.map(|error| error.kind()), refused.then_some("not_finite"));
    }
}
