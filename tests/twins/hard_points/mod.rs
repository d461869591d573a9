//! The hard points of each family: tiny cases whose results are known by hand or in closed form.

mod alignments;
mod boxes;
mod class_sums;
mod classes;
mod elements;
mod fused;
mod layers;
mod margins;
mod overlaps;
mod pictures;
mod preferences;
mod qualities;
mod regions;
mod rows;
mod triplets;
mod vectors;

use crate::chosen::{all, losses};
use crate::draw::{FREE, Setting, has, option_values, rows_of_pair};
use crate::harness::tests_of;
use crate::samples::samples;
use libtest_mimic::Trial;
use wgloss::custom::Leaf;
use wgloss::header::{Kind, Role, Value};
use wgloss::{Array, DType, Error, Loss, Reduction, Term, cpu};

pub fn tests() -> Vec<Trial> {
    let masked = losses(34, |loss| has(loss, Role::Mask));
    let modules = [
        tests_of![all(); empty_tensors_sum_to_0_and_have_no_mean, an_unmasked_nan_is_seen_under_every_option],
        tests_of![masked; what_is_masked_takes_no_part_whatever_it_holds],
        alignments::tests(),
        boxes::tests(),
        class_sums::tests(),
        classes::tests(),
        elements::tests(),
        fused::tests(),
        layers::tests(),
        margins::tests(),
        overlaps::tests(),
        pictures::tests(),
        preferences::tests(),
        qualities::tests(),
        regions::tests(),
        rows::tests(),
        triplets::tests(),
        vectors::tests(),
    ];
    modules.into_iter().flatten().collect()
}

/// Every loss of empty tensors: the sum is 0, the unreduced loss is empty, the mean is NaN unless the call asks for 0, and
/// a gradient is as empty as its operand.
fn empty_tensors_sum_to_0_and_have_no_mean(loss: &dyn Loss) {
    let header = loss.header();
    let setting = Setting::new(loss, samples(loss).empty, Default::default(), DType::I32);
    let mut rng = crate::draw::Rng::new(1);
    let given = header.operands.iter().filter(|spec| !spec.optional);
    let operands: Vec<(&str, Array)> = given.map(|spec| (spec.name, setting.draw(loss, spec, &mut rng))).collect();
    for &reduction in header.reductions {
        let term =
            Term::from_options(setting.default_of(loss), [], operands.iter().map(|(name, array)| (*name, array)));
        let term = term.unwrap().reduce(reduction);
        let (outcome, [gradient]) = cpu::gradients(&term, [&operands[0].1]).unwrap();
        assert_eq!(gradient.shape(), operands[0].1.shape(), "{} {reduction:?}", header.id);
        match reduction {
            Reduction::Sum => assert_eq!(outcome.loss(), Ok(0.0), "{}", header.id),
            Reduction::None => assert!(outcome.tensor().is_empty(), "{}", header.id),
            _ => assert!(outcome.loss().unwrap().is_nan(), "{} {reduction:?}", header.id),
        }
        if reduction != Reduction::None {
            assert_eq!(cpu::value(&term.empty_is_zero()).unwrap().loss(), Ok(0.0), "{} {reduction:?}", header.id);
        }
    }
}

/// Every loss with a mask: masked elements may hold anything, and don't count.
fn what_is_masked_takes_no_part_whatever_it_holds(loss: &dyn Loss) {
    let header = loss.header();
    let mask = header.operands.iter().find(|spec| spec.role == Role::Mask).unwrap();
    let setting = Setting::new(loss, samples(loss).masked, Default::default(), DType::F32);
    let mut rng = crate::draw::Rng::new(2);
    let of_mask = setting.shape_of(loss, mask);
    let count: usize = of_mask.iter().product();
    let kept: Vec<f64> = (0..count).map(|place| f64::from(u8::from(place != 1))).collect();
    let clean: Vec<(&str, Array)> = header
        .operands
        .iter()
        .filter(|spec| spec.role != Role::Mask)
        .map(|spec| (spec.name, setting.draw(loss, spec, &mut rng)))
        .chain([(mask.name, Array::new(&kept, of_mask).unwrap())])
        .collect();
    for poison in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let spoilt: Vec<(&str, Array)> = clean
            .iter()
            .map(|(name, array)| {
                let spec = header.operand(name).unwrap();
                // the elements of position 1, which the mask leaves out
                let places: Vec<usize> = match spec.role {
                    Role::Element if matches!(loss.leaf(), Leaf::Boxes(_)) => vec![4, 5, 6, 7],
                    Role::Element if matches!(loss.leaf(), Leaf::Vectors(_)) => vec![2, 3],
                    Role::Row if matches!(loss.leaf(), Leaf::Vectors(_)) => vec![1],
                    Role::Element | Role::Weight | Role::SampleWeight => vec![1],
                    Role::Classes | Role::Dense => vec![1, 3, 5],
                    Role::Rows if matches!(loss.leaf(), Leaf::Segments(_)) => rows_of_pair(loss, &clean, 1),
                    Role::PerSegment => vec![1, 1 + array.len() / 2],
                    Role::Rows => vec![3, 4, 5],
                    Role::TeacherRows => (FREE..2 * FREE).collect(),
                    Role::Target if array.dtype().is_float() => vec![1, 3, 5],
                    _ => vec![],
                };
                let mut numbers = array.to_f64();
                places.into_iter().for_each(|place| numbers[place] = poison);
                let spoilt =
                    if array.dtype().is_float() { Array::new(&numbers, array.shape()).unwrap() } else { array.clone() };
                (*name, spoilt)
            })
            .collect();
        for &reduction in header.reductions {
            let evaluate = |operands: &[(&str, Array)]| {
                let named = operands.iter().map(|(name, array)| (*name, array));
                let term = Term::from_options(setting.default_of(loss), [], named).unwrap().reduce(reduction);
                let differentiable = operands.iter().filter(|(name, _)| header.operand(name).unwrap().gradient);
                let of: Vec<&Array> = differentiable.map(|(_, array)| array).collect();
                let (outcome, gradients) = cpu::gradient_list(&term, &of).unwrap();
                let gradients: Vec<Vec<f64>> = gradients.iter().map(Array::to_f64).collect();
                (outcome.tensor().to_f64(), gradients)
            };
            let (want, got) = (evaluate(&clean), evaluate(&spoilt));
            assert_eq!(got, want, "{} {reduction:?} with {poison}", header.id);
            assert!(want.0.iter().all(|v| v.is_finite()), "{} {reduction:?}", header.id);
        }
    }
}

/// Every loss with every value of every option: a NaN in the prediction that is not masked gives a NaN.
fn an_unmasked_nan_is_seen_under_every_option(loss: &dyn Loss) {
    let header = loss.header();
    let setting = Setting::new(loss, samples(loss).unmasked, Default::default(), DType::I32);
    let options = loss.specs().into_iter().zip(loss.values()).enumerate();
    for (option, (spec, default)) in options.filter(|(_, (spec, _))| spec.kind != Kind::Numbers) {
        for value in option_values(&spec, &default) {
            let mut rng = crate::draw::Rng::new(3);
            let needs = |role| !matches!(role, Role::Mask | Role::Weight | Role::PerClass);
            let given = header.operands.iter().filter(|operand| needs(operand.role));
            let mut operands: Vec<(&str, Array)> =
                given.map(|operand| (operand.name, setting.draw(loss, operand, &mut rng))).collect();
            for (name, array) in operands.iter_mut().filter(|(_, array)| !array.dtype().is_float()) {
                // a label that no option's value ignores; losses of rows also need rows with another label
                let kinds = if header.operand(name).unwrap().role == Role::RowLabels { 2 } else { 1 };
                let labels: Vec<i32> = (0..array.len() as i32).map(|place| 2 + place % kinds).collect();
                *array = Array::new(&labels, array.shape()).unwrap();
            }
            let mut numbers = operands[0].1.to_f64();
            // class 2 of the first position, which takes part with or without the background
            let place = if !matches!(loss.leaf(), Leaf::Softmax(_) | Leaf::Region(_)) { 0 } else { 4 };
            numbers[place] = f64::NAN;
            operands[0].1 = Array::new(&numbers, operands[0].1.shape()).unwrap();
            let mut changed = setting.default_of(loss);
            assert!(changed.set_at(option, &value), "{}: {} of {value}", header.id, spec.name);
            setting.fit(&mut *changed);
            let named = operands.iter().map(|(name, array)| (*name, array));
            let term = Term::from_options(changed, [("reduction", Value::Name("sum".into()))], named).unwrap();
            let outcome = match cpu::value(&term) {
                // refused, such as a weighting for another prediction type
                Err(Error::InvalidOption { .. }) => continue,
                outcome => outcome.unwrap(),
            };
            let loss = outcome.loss().unwrap();
            assert!(loss.is_nan(), "{}: {} of {value} gives {loss}", header.id, spec.name);
        }
    }
}
