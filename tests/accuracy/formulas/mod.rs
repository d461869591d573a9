//! Every loss by its definition, in the plainest form. Rounding needs no care, since the numbers have enough digits. The table
//! in [`values`] has the formulas that fit a line, and says where the others are.

mod alignments;
mod boxes;
mod class_sums;
mod classes;
mod composites;
mod elements;
mod gram;
mod inputs;
mod math;
mod pictures;
mod preferences;
mod regions;
mod similarity;
mod triplets;
mod vectors;

pub use inputs::Inputs;

use crate::big::Big;
use crate::harness::tests;
use libtest_mimic::Trial;
use math::{big, cosine, dot, softmax, softplus, square};
use std::collections::BTreeMap;
use std::f64::consts::LN_2;
use wgloss::header::Value;

pub fn tests() -> Vec<Trial> {
    tests![known_values_come_from_the_formulas]
}

/// The unreduced values of a loss, or its one number if it has no values.
pub fn values(id: &str, of: &Inputs) -> Vec<Big> {
    match id {
        "mse" => elements::pair(of, square),
        "l1" => elements::pair(of, |d| d.abs()),
        "smooth_l1" => elements::smooth_l1(of),
        "huber" => elements::huber(of),
        "log_cosh" => elements::pair(of, |d| (d.exp() + (-d).exp()).ln() - big(2.0).ln()),
        "charbonnier" => elements::pair(of, |d| (square(d) + of.number("epsilon").powi(2)).sqrt()),
        "quantile" => elements::quantile(of),
        "bce_with_logits" => elements::smoothed(of, elements::bce_with_logits),
        "bce" => elements::bce(of),
        "sigmoid_focal" => elements::smoothed(of, |x, t| elements::sigmoid_focal(of, x, t)),
        "asymmetric" => elements::asymmetric(of),
        "quality_focal" => elements::quality_focal(of),
        "varifocal" => elements::varifocal(of),
        "tweedie" => elements::tweedie(of),
        "wing" => elements::wing(of),
        "kl_div" => elements::kl_div(of),
        "gaussian_kl" => of.each("mu", |i| elements::gaussian_kl(&of.x("mu", i), &of.x("log_var", i))),
        "gaussian_nll" => elements::gaussian_nll(of),
        "poisson_nll" => elements::poisson_nll(of),
        "soft_margin" => of.each("input", |i| softplus(&-(of.x("target", i) * of.x("input", i)))),
        "hinge_embedding" => elements::hinge_embedding(of),
        "margin_ranking" => elements::margin_ranking(of),
        "cross_entropy" => classes::cross_entropy(of, of.rows("input"), "target"),
        "linear_cross_entropy" => classes::linear_cross_entropy(of),
        "linear_softmax_focal" => classes::linear_softmax_focal(of),
        "linear_dpo" => classes::linear_dpo(of),
        "margin_softmax" => classes::margin_softmax(of),
        "softmax_focal" => classes::each_position(of, "target", |x, t| classes::focal(of, dot(&softmax(x), t))),
        "poly_cross_entropy" => classes::poly_cross_entropy(of),
        "generalized_cross_entropy" => classes::generalized_cross_entropy(of),
        "nll" => classes::each_position(of, "target", |x, t| -dot(x, t)),
        "multi_margin" => class_sums::multi_margin(of),
        "multilabel_soft_margin" => class_sums::multilabel_soft_margin(of),
        "distillation" => classes::distillation(of, of.rows("student"), of.rows("teacher")),
        "linear_distillation" => classes::linear_distillation(of),
        "dice" | "tversky" | "generalized_dice" => regions::regions(id, of),
        "dice_cross_entropy" => regions::with_cross_entropy(of),
        "dice_bce" | "dice_focal" => regions::with_elements(id, of),
        "box_iou" => boxes::boxes(of),
        "cosine_embedding" => vectors::cosine_embedding(of),
        "cosine_similarity" => vectors::with_target(of, |a, b, t| square(cosine(a, b) - t)),
        "contrastive" => vectors::contrastive(of),
        "triplet_margin" => vectors::triplet_margin(of),
        "info_nce" => similarity::info_nce(of),
        "siglip" => similarity::siglip(of),
        "sup_con" => similarity::sup_con(of),
        "triplet_hard" => triplets::triplet_hard(of),
        "diffusion" => elements::diffusion(of),
        "adversarial_generator" => elements::adversarial_generator(of),
        "adversarial_discriminator" => composites::adversarial_discriminator(of),
        "gram_style" => gram::gram_style(of),
        "total_variation" => pictures::total_variation(of),
        "ssim" => pictures::ssim(of),
        "ctc" => alignments::ctc(of),
        "ms_ssim" => pictures::ms_ssim(of),
        "vae" => composites::vae(of),
        "ppo_policy" => preferences::ppo_policy(of),
        "ppo_value" => preferences::ppo_value(of),
        "kl_penalty" => preferences::kl_penalty(of),
        "preference" => of.each("chosen", |i| softplus(&(of.x("rejected", i) - of.x("chosen", i)))),
        "dpo" => preferences::dpo(of),
        "kto" => preferences::kto(of),
        "orpo" => preferences::orpo(of),
        "simpo" => preferences::simpo(of),
        _ => panic!("no formula of {id}"),
    }
}

fn known_values_come_from_the_formulas() {
    let inputs = |x: &[f64], t: &[f64]| Inputs {
        held: BTreeMap::new(),
        floats: [("input", x), ("target", t)].map(|(name, x)| (name, x.iter().map(|&x| big(x)).collect())).into(),
        labels: BTreeMap::new(),
        options: [("label_smoothing", Value::Number(0.0))].into(),
        shape: vec![1, x.len()],
    };
    let of = |id, x: &[f64], t: &[f64]| values(id, &inputs(x, t)).iter().map(Big::to_f64).collect::<Vec<_>>();
    assert_eq!(of("mse", &[1.0, 3.0], &[0.5, 3.0]), [0.25, 0.0]);
    assert_eq!(of("bce_with_logits", &[0.0], &[1.0]), [LN_2]);
    assert_eq!(of("log_cosh", &[2.0], &[2.0]), [0.0]);
}
