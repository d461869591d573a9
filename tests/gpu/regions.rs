//! Regions: masks of single elements, which leave out a class at one position and not at another; and very many classes.

use crate::case::Case;
use crate::draw::{FLOATS, Rng, number, stored_as};
use crate::gpu;
use crate::harness::tests;
use crate::judge::{self, Failures};
use libtest_mimic::Trial;
use wgloss::header::Domain;
use wgloss::{
    Activation, Array, ClassAxis, DType, Dice, DiceBce, DiceFocal, Error, Extra, GeneralizedDice, Observation, Operand,
    Reduction, Term, Tversky, cpu,
};

pub fn tests() -> Vec<Trial> {
    tests![
        a_mask_of_elements_leaves_out_classes,
        a_mask_of_elements_needs_classes_that_are_apart,
        a_checked_region_is_inspected_where_the_mask_of_elements_keeps_it,
        as_many_classes_as_there_may_be,
    ]
}

/// Shapes with quads and without, with several chunks, many classes, and one channel.
const SHAPES: [&[usize]; 6] = [&[2, 3, 4], &[2, 3, 5], &[1, 2, 2052], &[2, 9, 6, 7], &[3, 1, 9], &[4, 3]];

fn drawn(rng: &mut Rng, domain: Domain, shape: &[usize]) -> Array {
    let numbers: Vec<f32> = (0..shape.iter().product()).map(|_| number(domain, rng)).collect();
    Array::new(&numbers, shape).unwrap()
}

fn a_mask_of_elements_leaves_out_classes() {
    let (mut rng, mut failures) = (Rng::new(41), Failures::default());
    for (place, (shape, axis)) in
        SHAPES.into_iter().flat_map(|shape| [(shape, ClassAxis::Second), (shape, ClassAxis::Last)]).enumerate()
    {
        let dtype = FLOATS[place % FLOATS.len()];
        let mut draw = |domain, shape: &[usize]| stored_as(&drawn(&mut rng, domain, shape), dtype);
        let (x, t, mask) = (draw(Domain::Probability, shape), draw(Domain::Binary, shape), draw(Domain::Binary, shape));
        let positions: Vec<usize> = match axis {
            ClassAxis::Second => shape.iter().enumerate().filter(|(axis, _)| *axis != 1).map(|(_, n)| *n).collect(),
            ClassAxis::Last => shape[..shape.len() - 1].to_vec(),
        };
        let samples = draw(Domain::Positive, &positions);
        let x = x.with_class_axis(axis);
        let activation = if place % 2 == 0 { Activation::Sigmoid } else { Activation::None };
        let bce = DiceBce { activation, jaccard: place % 3 == 2, ..DiceBce::default() };
        let focal = DiceFocal { activation, batch: place % 3 == 2, alpha: Some(0.25), ..DiceFocal::default() };
        let terms: [Term<Array>; 6] = [
            Dice { activation, squared_pred: place % 3 == 0, ..Dice::default() }.of(&x, &t),
            Tversky { activation, batch: true, ..Tversky::default() }.of(&x, &t).sample_weight(&samples),
            GeneralizedDice { activation, batch: place % 3 == 1, ..GeneralizedDice::default() }.of(&x, &t),
            bce.of(&x, &t),
            focal.of(&x, &t).sample_weight(&samples),
            focal.of(&x, &t),
        ];
        let reduced = |term| Reduction::VALUES.iter().map(move |reduction| (term, *reduction));
        for ((which, term), reduction) in terms.iter().enumerate().flat_map(reduced) {
            // the last three are sums of two losses, which have no unreduced form
            if which > 2 && reduction == Reduction::None {
                continue;
            }
            let term = term.clone().with(Extra::Mask, &mask).reduce(reduction);
            let want = judge::Given::by_twin(cpu::gradient_list(&term, &[&x]).unwrap());
            let got = judge::Given::by_gpu(gpu(), &term, &[&x]).map_err(|error| error.to_string());
            failures.note(&(shape, axis, reduction, &term), got.and_then(|got| got.judge(&want)));
            // masked elements may hold anything
            let spoilt: Vec<f32> =
                x.to_f32().iter().zip(mask.to_f32()).map(|(x, m)| if m == 0.0 { f32::NAN } else { *x }).collect();
            let spoilt = stored_as(&Array::new(&spoilt, shape).unwrap(), dtype).with_class_axis(axis);
            let of_spoilt =
                term.map(|array| Ok(if Operand::is(array, &x) { spoilt.clone() } else { array.clone() })).unwrap();
            let got = judge::Given::by_gpu(gpu(), &of_spoilt, &[&spoilt]).map_err(|error| error.to_string());
            failures.note(&("NaN", shape, axis, reduction, &term), got.and_then(|got| got.judge(&want)));
        }
    }
    failures.raise();
}

fn a_checked_region_is_inspected_where_the_mask_of_elements_keeps_it() {
    let (x, t) = ([0.5f32; 24], Array::new(&[1.0f32; 24], [2, 3, 4]).unwrap());
    let mask: Vec<f32> = (0..24).map(|element| if element % 5 == 3 { 0.0 } else { 1.0 }).collect();
    let mask = Array::new(&mask, [2, 3, 4]).unwrap();
    for (axis, element) in
        [ClassAxis::Second, ClassAxis::Last].into_iter().flat_map(|axis| (0..24).map(move |k| (axis, k)))
    {
        let mut numbers = x;
        numbers[element] = f32::NAN;
        let x = Array::new(&numbers, [2, 3, 4]).unwrap().with_class_axis(axis);
        let term = Dice { activation: Activation::None, ..Dice::default() }.of(&x, &t).mask(&mask).checked();
        let want = cpu::value(&term).map(drop);
        let got = gpu().value(&term).and_then(|outcome| outcome.tensor().read().wait().map(drop));
        assert_eq!(got, want, "{axis:?} {element}");
        assert_eq!(want.is_ok(), element % 5 == 3, "{axis:?} {element}: {want:?}");
    }
}

fn a_mask_of_elements_needs_classes_that_are_apart() {
    let x = Array::new(&[0.5f32; 24], [2, 3, 4]).unwrap();
    let refused = cpu::value(&Dice::default().of(&x, &x).mask(&x)).unwrap_err();
    assert!(matches!(&refused, Error::InvalidOption { option, .. } if option == "activation"), "{refused}");
    assert_eq!(gpu().value(&Dice::default().of(&x, &x).mask(&x)).unwrap_err(), refused);
}

/// A lane loops over all classes, and a driver may silently stop loops after 65,535 iterations in total.
fn as_many_classes_as_there_may_be() {
    let mut failures = Failures::default();
    let all: &[Observation] = &[Observation::Iou, Observation::Precision, Observation::Recall];
    for (id, observations) in [("dice", all), ("dice_cross_entropy", all), ("dice_bce", &[]), ("dice_focal", all)] {
        let case = Case { observations, optional: vec!["weight"], ..Case::new(id, &[2, 8192], DType::I32) };
        failures.note(&case, case.run(gpu()));
    }
    failures.raise();
}
