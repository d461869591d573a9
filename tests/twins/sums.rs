//! Sums of terms: values, parts and gradients are the weighted sums of those of the terms alone.

use crate::harness::tests;
use crate::point::floats;
use libtest_mimic::Trial;
use wgloss::{Array, CrossEntropy, Dice, Extra, Mse, Reduction, SoftmaxFocal, Term, Vae, cpu};

pub fn tests() -> Vec<Trial> {
    tests![
        a_sum_is_the_weighted_sum_of_its_terms,
        coefficients_stand_where_they_are_written,
        the_sum_of_an_iterator_is_the_sum_of_its_terms,
        what_is_set_on_a_sum_is_set_on_its_terms,
        every_optional_operand_has_a_method,
        an_operand_of_a_sum_goes_to_all_parts_or_the_error_names_those_that_refuse_it,
        a_tensor_in_several_places_gets_the_sum,
        a_term_with_a_weight_of_0_still_counts_as_a_factor,
        shards_over_the_whole_denominator_add_up,
        an_unreduced_term_is_a_tensor_with_its_weight,
    ]
}

fn gradient(term: &Term<Array>, of: &Array) -> Vec<f64> {
    let (_, [gradient]) = cpu::gradients(term, [of]).unwrap();
    gradient.to_f64()
}

/// Logits, and three losses of these logits and of labels.
fn three() -> (Array, [Term<Array>; 3]) {
    let x = floats(&[0.5, -1.0, 2.0, 0.25, 0.0, 1.5], &[2, 3]);
    let t = Array::new(&[2i32, 0], [2]).unwrap();
    let ce = CrossEntropy { z_loss: 0.25, ..Default::default() };
    let terms = [
        ce.of(&x, &t).named("ce"),
        Dice::default().of(&x, &t).named("dice"),
        SoftmaxFocal::default().of(&x, &t).reduce(Reduction::Sum),
    ];
    (x, terms)
}

fn a_sum_is_the_weighted_sum_of_its_terms() {
    let (x, [ce, dice, focal]) = three();
    let sum = 2.0 * (ce.clone() + 0.5 * dice.clone()) + -0.25 * focal.clone();
    let alone = [(2.0, &ce), (1.0, &dice), (-0.25, &focal)];
    let value: f64 = alone.iter().map(|(weight, term)| weight * cpu::value(term).unwrap().loss().unwrap()).sum();
    let (outcome, [got]) = cpu::gradients(&sum, [&x]).unwrap();
    // the same numbers are added in the same order, so only the sum itself rounds
    assert!((outcome.loss().unwrap() - value).abs() <= 1e-15 * value.abs(), "{} {value}", outcome.loss().unwrap());
    let gradients = alone.map(|(weight, term)| (weight, gradient(term, &x)));
    for (element, got) in got.to_f64().into_iter().enumerate() {
        let want: f64 = gradients.iter().map(|(weight, gradient)| weight * gradient[element]).sum();
        assert!((got - want).abs() <= 1e-15, "{element}: {got} {want}");
    }

    let named: Vec<_> = outcome.parts().iter().map(|part| (part.name.as_str(), part.weight)).collect();
    assert_eq!(named, [("ce", 2.0), ("ce.z_loss", 2.0), ("dice", 1.0), ("softmax_focal", -0.25)]);
    let of_parts: f64 = outcome.parts().iter().map(|part| part.weight * part.sum / part.denominator).sum();
    assert!((of_parts - value).abs() <= 1e-15 * value.abs(), "{of_parts} {value}");
}

fn coefficients_stand_where_they_are_written() {
    let (_, [a, b, _]) = three();
    let (a, b) = (|| a.clone(), || b.clone());
    let rate: f64 = 0.1;
    let mut grown = a();
    grown += b() * 3;
    let sums = [
        ("a * f32", a() * 0.25f32 + b(), [0.25, 1.0]),
        ("a * f64", a() * rate + b(), [0.1f32.into(), 1.0]),
        ("f32 * a", 0.25 * a() + b(), [0.25, 1.0]),
        ("a - b", a() - b(), [1.0, -1.0]),
        ("a - 2b", a() - b() * 2, [1.0, -2.0]),
        ("-(a - b)", -(a() - b()), [-1.0, 1.0]),
        ("-a / 4", -a() / 4 + b() / 0.5f32, [-0.25, 2.0]),
        ("(a + b) / f64", (a() + b()) / 8.0f64, [0.125, 0.125]),
        ("a += b", grown, [1.0, 3.0]),
    ];
    for (written, sum, want) in sums {
        let outcome = cpu::value(&sum).unwrap();
        let weight = |name: &str| outcome.parts().iter().find(|part| part.name == name).unwrap().weight;
        assert_eq!([weight("ce"), weight("dice")], want, "{written}");
    }
}

fn the_sum_of_an_iterator_is_the_sum_of_its_terms() {
    let (_, terms) = three();
    let [a, b, c] = terms.clone();
    let by_hand = cpu::value(&(a + b + c)).unwrap();
    let sum = cpu::value(&terms.into_iter().sum()).unwrap();
    assert_eq!((sum.loss().unwrap(), sum.parts()), (by_hand.loss().unwrap(), by_hand.parts()));
    let refused = cpu::value(&[].into_iter().sum()).unwrap_err();
    assert_eq!(refused.kind(), "invalid_operand");
    assert!(refused.to_string().contains("no terms"), "{refused}");
}

fn every_optional_operand_has_a_method() {
    let x = floats(&[1.0], &[1]);
    type Method = fn(Term<Array>, &Array) -> Term<Array>;
    let methods: [Method; Extra::ALL.len()] = [
        Term::weight,
        Term::sample_weight,
        Term::mask,
        Term::pos_weight,
        Term::alpha,
        Term::class_weight,
        Term::margin,
        Term::sample,
        Term::sigmas,
        Term::entropy,
        Term::kl,
        Term::negatives,
        Term::logit_scale,
        Term::bias,
        Term::labels,
        Term::anchors,
    ];
    for (extra, method) in Extra::ALL.iter().zip(methods) {
        let term = Mse::default().of(&x, &x);
        // terms have no equality, but their debug text shows everything that they hold
        assert_eq!(format!("{:?}", method(term.clone(), &x)), format!("{:?}", term.with(*extra, &x)), "{extra:?}");
    }
}

fn an_operand_of_a_sum_goes_to_all_parts_or_the_error_names_those_that_refuse_it() {
    let (x, [ce, dice, focal]) = three();
    let mask = floats(&[0.0, 1.0], &[2]);
    let sum = (ce.clone() + 0.5 * focal.clone()).mask(&mask);
    let apart = ce.clone().mask(&mask) + 0.5 * focal.clone().mask(&mask);
    assert_eq!(cpu::value(&sum).unwrap().loss(), cpu::value(&apart).unwrap().loss());
    assert_eq!(gradient(&sum, &x), gradient(&apart, &x));
    assert_eq!(gradient(&sum, &x)[..3], [0.0; 3], "the first row is masked");

    let [latent, other] = ["latent", "other"].map(|name| Vae::default().of(&x, &x, &x, &x).named(name));
    let refused = cpu::value(&(ce.clone() + dice.clone() + latent + other + focal).mask(&mask)).unwrap_err();
    assert_eq!(refused.kind(), "invalid_operand");
    let text = refused.to_string();
    assert!(text.contains("operand `mask` is not one that `latent`, `other` can take in this sum"), "{text}");
    // the other terms alone accept the mask
    cpu::value(&(ce.mask(&mask) + dice)).unwrap();
}

fn what_is_set_on_a_sum_is_set_on_its_terms() {
    let (x, [ce, dice, _]) = three();
    let sum = (ce.clone() + dice.clone()).reduce(Reduction::Sum).upstream(3.0).divide_by(5.0);
    let set = |term: Term<Array>| term.reduce(Reduction::Sum).upstream(3.0).divide_by(5.0);
    let alone = [set(ce), set(dice)];
    let value: f64 = alone.iter().map(|term| cpu::value(term).unwrap().loss().unwrap()).sum();
    assert!((cpu::value(&sum).unwrap().loss().unwrap() - value).abs() < 1e-15);
    let [a, b] = alone.map(|term| gradient(&term, &x));
    for (got, want) in gradient(&sum, &x).iter().zip(a.iter().zip(&b).map(|(a, b)| a + b)) {
        assert!((got - want).abs() < 1e-15, "{got} {want}");
    }
}

fn a_tensor_in_several_places_gets_the_sum() {
    let (x, y) = (floats(&[1.0, 4.0], &[2]), floats(&[2.0, 2.0], &[2]));
    let mse = |a: &Array, b: &Array| Mse::default().of(a, b).reduce(Reduction::Sum);
    // as two operands of one loss, as an operand without a gradient, and in two losses
    assert_eq!(gradient(&mse(&x, &x), &x), [0.0, 0.0]);
    assert_eq!(gradient(&mse(&x, &y).with(Extra::Weight, &x), &x), [-2.0, 16.0]);
    let sum = mse(&x, &y) + 3.0 * mse(&y, &x);
    assert_eq!(gradient(&sum, &x), [-8.0, 16.0]);
    assert_eq!(gradient(&sum, &y), [8.0, -16.0]);
    let (_, [of_y, of_x, again]) = cpu::gradients(&sum, [&y, &x, &x]).unwrap();
    assert_eq!([of_y.to_f64(), of_x.to_f64(), again.to_f64()], [[8.0, -16.0], [-8.0, 16.0], [-8.0, 16.0]]);
    // a clone is the same tensor; another tensor with equal numbers is not
    assert_eq!(gradient(&sum, &x.clone()), [-8.0, 16.0]);
    assert!(cpu::gradients(&sum, [&floats(&[1.0, 4.0], &[2])]).is_err());
}

fn a_term_with_a_weight_of_0_still_counts_as_a_factor() {
    let (x, y) = (floats(&[1.0, f64::NAN], &[2]), floats(&[2.0, 2.0], &[2]));
    let nan = 0.0 * Mse::default().of(&x, &y);
    assert!(cpu::value(&(nan + Mse::default().of(&y, &y))).unwrap().loss().unwrap().is_nan());
    let finite = 0.0 * Mse::default().of(&y, &floats(&[0.0; 2], &[2]));
    assert_eq!(cpu::value(&finite).unwrap().loss(), Ok(0.0));
    assert_eq!(gradient(&finite, &y), [0.0, 0.0]);
}

/// A batch in two shards, each divided by the denominator of the whole. Their sum is the whole, to the last bit where sums
/// are exact.
fn shards_over_the_whole_denominator_add_up() {
    let x = floats(&[1.0, 2.0, 3.0, 4.0], &[4]);
    let zero = floats(&[0.0; 4], &[4]);
    let whole = Mse::default().of(&x, &zero);
    let shard = |range: std::ops::Range<usize>| {
        let numbers = x.to_f64();
        let part = floats(&numbers[range.clone()], &[range.len()]);
        let term = Mse::default().of(&part, &floats(&vec![0.0; range.len()], &[range.len()])).divide_by(4.0);
        let (outcome, [gradient]) = cpu::gradients(&term, [&part]).unwrap();
        (outcome.loss().unwrap(), gradient.to_f64())
    };
    let (first, second) = (shard(0..1), shard(1..4));
    assert_eq!(first.0 + second.0, cpu::value(&whole).unwrap().loss().unwrap());
    assert_eq!([first.1, second.1].concat(), gradient(&whole, &x));
}

fn an_unreduced_term_is_a_tensor_with_its_weight() {
    let (x, zero) = (floats(&[1.0, 3.0], &[2]), floats(&[0.0; 2], &[2]));
    let term = 0.5 * Mse::default().of(&x, &zero).reduce(Reduction::None).upstream(&floats(&[1.0, 10.0], &[2]));
    let (outcome, [gradient]) = cpu::gradients(&term, [&x]).unwrap();
    assert_eq!((outcome.tensor().shape(), outcome.tensor().to_f64()), (&[2][..], vec![0.5, 4.5]));
    assert_eq!(gradient.to_f64(), [1.0, 30.0]);
    assert_eq!(outcome.loss().unwrap_err().kind(), "invalid_option");
}
