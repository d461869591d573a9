//! Losses of preference learning: of answers that are preferred to others, or that earn a reward.

use super::Inputs;
use super::math::{big, sigmoid, softplus, square};
use crate::big::Big;
use wgloss::header::Value;

pub(super) fn ppo_policy(of: &Inputs) -> Vec<Big> {
    of.each("log_probs", |i| {
        let log_ratio = |i: usize| of.x("log_probs", i) - of.x("old_log_probs", i);
        let tokens = of.shape[1];
        let first = i / tokens * tokens;
        let of_sequence = || (first..first + tokens).map(log_ratio).sum::<Big>() / big(tokens as f64);
        let log_ratio = if of.name("kind") == "sequence" { of_sequence() } else { log_ratio(i) };
        let (a, r) = (of.x("advantages", i), log_ratio.exp());
        let high = 1.0 + of.number("clip_high");
        let clipped = r.clone().max(1.0 - of.number("clip_low")).min(high);
        match of.name("kind").as_str() {
            "cispo" => {
                let held = of.held["log_probs"][i].clone() - of.x("old_log_probs", i);
                -(held.exp().min(high) * a * of.x("log_probs", i))
            }
            kind => {
                let loss = (-(a.clone() * r)).max(-(a.clone() * clipped));
                let bounded = kind == "dual_clip" && a < 0.0;
                if bounded { loss.min((-(a * of.number("dual_clip_ratio"))).to_f64()) } else { loss }
            }
        }
    })
}

pub(super) fn ppo_value(of: &Inputs) -> Vec<Big> {
    of.each("values", |i| {
        let (v, old, goal) = (of.x("values", i), of.x("old_values", i), of.x("returns", i));
        let clip = of.number("clip");
        let clipped = old.clone() + (v.clone() - old).max(-clip).min(clip);
        0.5 * square(v - &goal).max(square(clipped - goal))
    })
}

pub(super) fn kl_penalty(of: &Inputs) -> Vec<Big> {
    of.each("log_probs", |i| {
        let d = of.x("log_probs", i) - of.x("ref_log_probs", i);
        let d = match of.options["clip"] {
            Value::Number(most) => d.max(-most).min(most),
            _ => d,
        };
        match of.name("kind").as_str() {
            "k1" => d,
            "k2" => 0.5 * square(d),
            _ => (-d.clone()).exp() - 1.0 + d,
        }
    })
}

pub(super) fn dpo(of: &Inputs) -> Vec<Big> {
    of.each("policy_chosen", |i| {
        let names = ["policy_chosen", "policy_rejected", "reference_chosen", "reference_rejected"];
        of_answers(of, names.map(|name| of.x(name, i)))
    })
}

/// The loss of a pair of answers, from their log-probabilities under the policy and under the reference.
pub(super) fn of_answers(of: &Inputs, [pc, pr, rc, rr]: [Big; 4]) -> Big {
    let (log_ratio_gap, beta, wrong) = ((pc - pr) - (rc - rr), of.number("beta"), of.number("label_smoothing"));
    let z = beta * log_ratio_gap.clone();
    match of.name("kind").as_str() {
        "sigmoid" => (1.0 - wrong) * softplus(&-z.clone()) + wrong * softplus(&z),
        "hinge" => (1.0 - z).max(0.0),
        _ => square(log_ratio_gap - 0.5 / beta),
    }
}

pub(super) fn kto(of: &Inputs) -> Vec<Big> {
    of.each("policy", |i| {
        let u = of.number("beta") * (of.x("policy", i) - of.x("reference", i));
        let label = of.x("label", i);
        let of_good = of.number("desirable_weight") * label.clone() * sigmoid(&-u.clone());
        of_good + of.number("undesirable_weight") * (1.0 - label) * sigmoid(&u)
    })
}

pub(super) fn orpo(of: &Inputs) -> Vec<Big> {
    of.each("chosen", |i| {
        let [c, r] = ["chosen", "rejected"].map(|name| of.x(name, i));
        let log_odds = |x: &Big| x.clone() - (1.0 - x.exp()).ln();
        of.number("beta") * softplus(&(log_odds(&r) - log_odds(&c))) - c
    })
}

pub(super) fn simpo(of: &Inputs) -> Vec<Big> {
    of.each("chosen", |i| {
        let z = of.number("beta") * (of.x("chosen", i) - of.x("rejected", i)) - of.number("gamma");
        let wrong = of.number("label_smoothing");
        (1.0 - wrong) * softplus(&-z.clone()) + wrong * softplus(&z)
    })
}
