//! Hard points of losses of all pairs, of linear layers and of Gram matrices.

use crate::harness::tests;
use crate::point::floats;
use libtest_mimic::Trial;
use wgloss::{
    Array, CrossEntropy, EqualLabels, Extra, GramStyle, InfoNce, LinearCrossEntropy, Reduction, Siglip, SupCon, Term,
    cpu,
};

pub fn tests() -> Vec<Trial> {
    tests![
        one_row_finds_its_key_among_none,
        a_key_that_is_found_keeps_the_digits_of_its_loss_and_gradient,
        a_row_of_zeros_scores_0_and_gets_no_gradient,
        rows_below_the_least_norm_are_divided_by_it,
        an_anchor_without_a_positive_is_left_out_of_the_mean,
        keys_of_one_label_are_dropped_or_found_whatever_they_hold,
        pairs_far_out_do_not_overflow,
        a_linear_layer_is_cross_entropy_of_its_logits,
        a_row_that_is_ignored_or_masked_takes_no_part_whatever_it_holds,
        gram_matrices_of_one_position_and_of_none,
    ]
}

fn one(number: f64) -> Array {
    floats(&[number], &[1])
}

fn loss(term: &Term<Array>) -> f64 {
    cpu::value(term).unwrap().loss().unwrap()
}

fn close(got: f64, want: f64, rtol: f64) {
    assert!((got - want).abs() <= rtol * want.abs(), "{got} instead of {want}");
}

/// Rows 0 and 1 have the same label, row 2 another. A dropped key may hold anything. Then two keys remain: one along the
/// row, and one at a right angle to it.
fn keys_of_one_label_are_dropped_or_found_whatever_they_hold() {
    let q = floats(&[1.0, 0.0, 1.0, 0.0, 0.0, 1.0], &[3, 2]);
    let labels = Array::new(&[7i64, 7, -1], [3]).unwrap();
    let two = (1.0 + (-1f64).exp()).ln();
    let nce = |equal_labels| InfoNce { temperature: 1.0, equal_labels, ..Default::default() };
    let unreduced = |term: Term<Array>| cpu::value(&term.reduce(Reduction::None)).unwrap().tensor().to_f64();
    for got in unreduced(nce(EqualLabels::Drop).of(&q, &q).labels(&labels)).iter().take(2) {
        close(*got, two, 1e-12);
    }
    // the softmax is over two scores of 1 and one of 0, and each row has two positives of equal score
    for got in unreduced(nce(EqualLabels::Positive).of(&q, &q).labels(&labels)).iter().take(2) {
        close(*got, (2.0 + (-1f64).exp()).ln(), 1e-12);
    }
    let unknown = floats(&[1.0, 0.0, f64::NAN, 0.0, 0.0, 1.0], &[3, 2]);
    let dropped = unreduced(nce(EqualLabels::Drop).of(&q, &unknown).labels(&labels));
    close(dropped[0], two, 1e-12);
    assert!(dropped[1].is_nan() && dropped[2].is_nan(), "{dropped:?}");
}

fn one_row_finds_its_key_among_none() {
    let (q, k) = (floats(&[1.0, 2.0], &[1, 2]), floats(&[-1.0, 0.5], &[1, 2]));
    for symmetric in [false, true] {
        let term = InfoNce { symmetric, ..Default::default() }.of(&q, &k);
        let (outcome, gradients) = cpu::gradients(&term, [&q, &k]).unwrap();
        assert_eq!(outcome.loss(), Ok(0.0));
        assert!(gradients.iter().all(|gradient| gradient.to_f64() == [0.0, 0.0]), "{gradients:?}");
    }
}

/// Two rows at right angles to each other: the loss is log(1 + exp(−s)), whose digits a plain sum of exponentials would
/// lose.
fn a_key_that_is_found_keeps_the_digits_of_its_loss_and_gradient() {
    let q = floats(&[1.0, 0.0, 0.0, 1.0], &[2, 2]);
    let k = q.clone();
    let k = floats(&k.to_f64(), &[2, 2]);
    for scale in [20.0f64, 40.0, 80.0] {
        let s = one(scale);
        let term = InfoNce::default().of(&q, &k).with(Extra::LogitScale, &s);
        let (outcome, [of_scale]) = cpu::gradients(&term, [&s]).unwrap();
        close(outcome.loss().unwrap(), (-scale).exp(), 1e-8);
        close(of_scale.to_f64()[0], -(-scale).exp(), 1e-8);
    }
}

fn a_row_of_zeros_scores_0_and_gets_no_gradient() {
    let q = floats(&[0.0, 0.0, 3.0, 4.0], &[2, 2]);
    let k = floats(&[1.0, 0.0, 0.0, 1.0], &[2, 2]);
    let term = InfoNce { temperature: 1.0, ..Default::default() }.of(&q, &k).reduce(Reduction::None);
    let (outcome, [of_query, of_key]) = cpu::gradients(&term, [&q, &k]).unwrap();
    close(outcome.tensor().to_f64()[0], 2f64.ln(), 1e-15);
    assert_eq!(of_query.to_f64()[..2], [0.0, 0.0]);
    assert!(of_query.to_f64()[2..].iter().all(|d| d.is_finite() && *d != 0.0));
    // the gradient of a key has no component along the key
    assert!(of_key.to_f64()[1] != 0.0 && of_key.to_f64()[2] != 0.0, "{of_key:?}");
}

/// Rows shorter than the least norm are divided by it. It is a constant, so gradients pass without a projection.
fn rows_below_the_least_norm_are_divided_by_it() {
    let q = floats(&[1e-9, 0.0, 0.0, 1e-9], &[2, 2]);
    let k = floats(&[1.0, 0.0, 0.0, 1.0], &[2, 2]);
    let term = InfoNce { temperature: 1.0, ..Default::default() }.of(&q, &k).reduce(Reduction::Sum);
    let (outcome, [gradient]) = cpu::gradients(&term, [&q]).unwrap();
    let miss = 1.0 / (1.0 + 0.1f64.exp());
    close(outcome.loss().unwrap(), 2.0 * (-0.1f64).exp().ln_1p(), 1e-12);
    close(gradient.to_f64()[0], -miss * 1e8, 1e-7);
    close(gradient.to_f64()[1], miss * 1e8, 1e-7);
}

fn an_anchor_without_a_positive_is_left_out_of_the_mean() {
    let x = floats(&[1.0, 0.0, 0.6, 0.8, 0.0, 1.0], &[3, 2]);
    let labels = Array::new(&[-7i64, i64::MAX, -7], [3]).unwrap();
    let sup_con = SupCon { temperature: 1.0 };
    let (outcome, _) = cpu::gradients(&sup_con.of(&x, &labels).reduce(Reduction::None), [&x]).unwrap();
    let values = outcome.tensor().to_f64();
    assert_eq!(values[1], 0.0);
    close(loss(&sup_con.of(&x, &labels)), 0.5 * (values[0] + values[2]), 1e-15);
    // the second row is still a negative of both other rows
    close(values[0], (1.0 + 0.6f64.exp()).ln(), 1e-7);

    let alone = Array::new(&[0i32, 1, 2], [3]).unwrap();
    let (outcome, [gradient]) = cpu::gradients(&sup_con.of(&x, &alone), [&x]).unwrap();
    assert!(outcome.loss().unwrap().is_nan(), "a mean over nothing");
    assert_eq!(gradient.to_f64(), [0.0; 6]);
    assert_eq!(loss(&sup_con.of(&x, &alone).reduce(Reduction::Sum)), 0.0);
}

fn pairs_far_out_do_not_overflow() {
    let x = floats(&[1.0, 0.0, 0.0, 1.0], &[2, 2]);
    let y = floats(&x.to_f64(), &[2, 2]);
    let term = Siglip::default().of(&x, &y, &one(1e4), &one(-5e3)).reduce(Reduction::None);
    let (outcome, gradients) = cpu::gradients(&term, [&x, &y]).unwrap();
    assert_eq!(outcome.tensor().to_f64(), [0.0, 0.0]);
    assert!(gradients.iter().all(|gradient| gradient.to_f64().iter().all(|d| d.is_finite())));
    let wrong = Siglip::default().of(&x, &y, &one(-1e4), &one(5e3)).reduce(Reduction::Sum);
    close(loss(&wrong), 4.0 * 5e3, 1e-12);
}

fn a_linear_layer_is_cross_entropy_of_its_logits() {
    let x = floats(&[1.0, -2.0, 0.5, 3.0], &[2, 2]);
    let w = floats(&[1.0, 0.5, -1.0, 2.0, 0.25, 0.0], &[3, 2]);
    let bias = floats(&[0.5, f64::NEG_INFINITY, -0.25], &[3]);
    let labels = Array::new(&[2i32, 0], [2]).unwrap();
    // x·wᵀ + bias: a bias of −∞ masks its class, exactly
    let logits = floats(&[0.5, f64::NEG_INFINITY, 0.0, 2.5, f64::NEG_INFINITY, -0.125], &[2, 3]);
    for softcap in [None, Some(1.5)] {
        let a = LinearCrossEntropy { z_loss: 0.1, softcap, ..Default::default() };
        let b = CrossEntropy { z_loss: 0.1, softcap, ..Default::default() };
        let term = a.of(&x, &w, &labels).with(Extra::Bias, &bias);
        let (outcome, [of_x, of_w, of_bias]) = cpu::gradients(&term, [&x, &w, &bias]).unwrap();
        let (of_logits, [d]) = cpu::gradients(&b.of(&logits, &labels), [&logits]).unwrap();
        assert_eq!(outcome.loss(), of_logits.loss());
        assert_eq!(outcome.parts().len(), 2);
        assert_eq!((&of_w.to_f64()[2..4], of_bias.to_f64()[1]), (&[0.0, 0.0][..], 0.0));
        let d = d.to_f64();
        // the gradients of the first coordinate of each row of x, and of the biases
        let first = |i: usize| d[3 * i] + 0.25 * d[3 * i + 2];
        close(of_x.to_f64()[0], first(0), 1e-14);
        close(of_x.to_f64()[2], first(1), 1e-14);
        for k in [0, 2] {
            close(of_bias.to_f64()[k], d[k] + d[3 + k], 1e-14);
        }
    }
}

fn a_row_that_is_ignored_or_masked_takes_no_part_whatever_it_holds() {
    let w = floats(&[1.0, 0.5, -1.0, 2.0], &[2, 2]);
    let (labels, mask) = (Array::new(&[1i32, -100, 0], [3]).unwrap(), floats(&[1.0, 1.0, 0.0], &[3]));
    let of = |poison: f64| {
        let x = floats(&[1.0, -2.0, poison, 3.0, poison, poison], &[3, 2]);
        let term = LinearCrossEntropy::default().of(&x, &w, &labels).with(Extra::Mask, &mask);
        let (outcome, gradients) = cpu::gradients(&term, [&x, &w]).unwrap();
        (outcome.loss().unwrap(), gradients.map(|gradient| gradient.to_f64()))
    };
    let clean = of(0.0);
    assert!(clean.0.is_finite());
    for poison in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(of(poison), clean, "{poison}");
    }
}

fn gram_matrices_of_one_position_and_of_none() {
    let (x, t) = (floats(&[2.0, 4.0], &[1, 2]), floats(&[0.0, 0.0], &[1, 2]));
    // x·xᵀ / 2 is [[2, 4], [4, 8]]
    let (outcome, [gradient]) = cpu::gradients(&GramStyle::default().of(&x, &t), [&x]).unwrap();
    assert_eq!(outcome.loss(), Ok((4.0 + 16.0 + 16.0 + 64.0) / 4.0));
    // (1/4)·2·(G + Gᵀ)·x / 2
    assert_eq!(gradient.to_f64(), [10.0, 20.0]);
    let empty = floats(&[], &[1, 2, 0]);
    assert_eq!(loss(&GramStyle::default().of(&empty, &empty).reduce(Reduction::Sum)), 0.0);
}
