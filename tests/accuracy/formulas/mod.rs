//! Every loss by its definition, in the plainest form. Rounding needs no care, since the numbers have enough digits.

mod alignments;
mod boxes;
mod classes;
mod pictures;
mod regions;
mod triplets;

use crate::big::Big;
use crate::harness::tests;
use alignments::ctc;
use boxes::boxes;
use classes::{
    cross_entropy, distillation, each_position, focal, linear_cross_entropy, linear_dpo, linear_logits,
    linear_softmax_focal, margin_softmax,
};
use libtest_mimic::Trial;
use pictures::{ms_ssim, ssim, total_variation};
use regions::{regions, with_elements};
use std::collections::BTreeMap;
use std::f64::consts::{LN_2, TAU};
use triplets::triplet_hard;
use wgloss::header::Value;

pub fn tests() -> Vec<Trial> {
    tests![known_values_come_of_the_formulas]
}

/// The inputs of a formula.
#[derive(Clone)]
pub struct Inputs {
    pub floats: BTreeMap<&'static str, Vec<Big>>,
    /// The floats before a finite difference moves one. Formulas use them for factors that the gradient treats as constant.
    pub held: BTreeMap<&'static str, Vec<Big>>,
    pub labels: BTreeMap<&'static str, Vec<i64>>,
    pub options: BTreeMap<&'static str, Value>,
    /// The shape of the first operand.
    pub shape: Vec<usize>,
}

impl Inputs {
    fn of(&self, name: &str) -> &[Big] {
        &self.floats[name]
    }

    fn x(&self, name: &str, i: usize) -> Big {
        self.of(name)[i].clone()
    }

    fn number(&self, name: &str) -> f64 {
        match self.options[name] {
            Value::Number(x) => x,
            ref other => panic!("{name} is {other}"),
        }
    }

    fn flag(&self, name: &str) -> bool {
        self.options[name] == Value::Flag(true)
    }

    fn name(&self, name: &str) -> String {
        self.options[name].to_string()
    }

    /// A value for each element.
    fn each(&self, leader: &str, f: impl Fn(usize) -> Big) -> Vec<Big> {
        (0..self.of(leader).len()).map(f).collect()
    }

    /// Items, classes and positions.
    fn classes(&self) -> [usize; 3] {
        let [n, c, rest @ ..] = &self.shape[..] else { panic!("{:?} has no classes", self.shape) };
        [*n, *c, rest.iter().product()]
    }

    /// For each position, the numbers of its classes. The positions are in the order of the labels.
    fn rows(&self, name: &str) -> Vec<Vec<Big>> {
        let [n, c, s] = self.classes();
        let row = |i: usize, j: usize| (0..c).map(|k| self.x(name, (i * c + k) * s + j)).collect();
        (0..n).flat_map(|i| (0..s).map(move |j| (i, j))).map(|(i, j)| row(i, j)).collect()
    }

    /// Rows of vectors.
    fn vectors(&self, name: &str) -> Vec<Vec<Big>> {
        self.of(name).chunks(self.shape[1]).map(<[Big]>::to_vec).collect()
    }

    /// For each position, the target of each class: probabilities, or 1 at the label and 0 elsewhere; `None` where the
    /// label is ignored.
    fn targets(&self, name: &str, ignored: Option<i64>) -> Vec<Option<Vec<Big>>> {
        let [_, c, _] = self.classes();
        let Some(labels) = self.labels.get(name) else { return self.rows(name).into_iter().map(Some).collect() };
        let hot = |label: i64| (0..c as i64).map(|k| Big::from(f64::from(u8::from(k == label)))).collect();
        labels.iter().map(|&label| (Some(label) != ignored).then(|| hot(label))).collect()
    }
}

fn big(x: f64) -> Big {
    Big::from(x)
}

fn sigmoid(x: &Big) -> Big {
    1.0 / (1.0 + (-x.clone()).exp())
}

fn softplus(x: &Big) -> Big {
    (1.0 + x.exp()).ln()
}

fn square(x: Big) -> Big {
    x.clone() * x
}

fn softmax(row: &[Big]) -> Vec<Big> {
    let total: Big = row.iter().map(Big::exp).sum();
    row.iter().map(|x| x.exp() / total.clone()).collect()
}

fn dot(a: &[Big], b: &[Big]) -> Big {
    a.iter().zip(b).map(|(a, b)| a.clone() * b).sum()
}

fn unit(row: &[Big]) -> Vec<Big> {
    let norm = dot(row, row).sqrt().max(1e-8);
    row.iter().map(|x| x.clone() / &norm).collect()
}

fn cosine(a: &[Big], b: &[Big]) -> Big {
    dot(&unit(a), &unit(b))
}

/// The p-norm of a difference, to whose coordinates PyTorch adds eps.
fn distance(a: &[Big], b: &[Big], p: f64, eps: f64) -> Big {
    let powers = a.iter().zip(b).map(|(a, b)| (a.clone() - b + eps).abs().pow(p));
    powers.sum::<Big>().pow(1.0 / p)
}

/// The unreduced values of a loss, or its one number if it has no values.
pub fn values(id: &str, of: &Inputs) -> Vec<Big> {
    match id {
        "mse" => pair(of, square),
        "l1" => pair(of, |d| d.abs()),
        "smooth_l1" => {
            let beta = of.number("beta");
            pair(of, |d| if d.abs() < beta { square(d) / (2.0 * beta) } else { d.abs() - beta / 2.0 })
        }
        "huber" => {
            let delta = of.number("delta");
            pair(of, |d| if d.abs() <= delta { 0.5 * square(d) } else { delta * (d.abs() - delta / 2.0) })
        }
        "log_cosh" => pair(of, |d| (d.exp() + (-d).exp()).ln() - big(2.0).ln()),
        "charbonnier" => pair(of, |d| (square(d) + of.number("epsilon").powi(2)).sqrt()),
        "quantile" => quantile(of),
        "bce_with_logits" => of.each("input", |i| bce_with_logits(&of.x("input", i), &smooth(of, of.x("target", i)))),
        "bce" => of.each("input", |i| {
            let (p, t) = (of.x("input", i), of.x("target", i));
            let log = |p: Big| if p == 0.0 { big(-100.0) } else { p.ln().max(-100.0) };
            -(t.clone() * log(p.clone()) + (1.0 - t) * log(1.0 - p))
        }),
        "sigmoid_focal" => of.each("input", |i| sigmoid_focal(of, &of.x("input", i), &smooth(of, of.x("target", i)))),
        "asymmetric" => of.each("input", |i| {
            let (p, t, clip) = (sigmoid(&of.x("input", i)), of.x("target", i), of.number("clip"));
            let shown = (p.clone() - clip).max(0.0);
            let yes = -((1.0 - p.clone()).pow(of.number("gamma_pos")) * p.ln());
            let no = if shown == 0.0 { big(0.0) } else { -(shown.pow(of.number("gamma_neg")) * (1.0 - shown).ln()) };
            t.clone() * yes + (1.0 - t) * no
        }),
        "quality_focal" => of.each("input", |i| {
            let (x, t) = (of.x("input", i), of.x("target", i));
            (t.clone() - sigmoid(&x)).abs().pow(of.number("beta")) * bce_with_logits(&x, &t)
        }),
        "varifocal" => of.each("input", |i| match (of.x("input", i), of.x("target", i)) {
            (x, t) if t == 0.0 => of.number("alpha") * sigmoid(&x).pow(of.number("gamma")) * softplus(&x),
            (x, t) => t.clone() * bce_with_logits(&x, &t),
        }),
        "tweedie" => of.each("input", |i| {
            let (x, t, p) = (of.x("input", i), of.x("target", i), of.number("p"));
            ((2.0 - p) * x.clone()).exp() / (2.0 - p) - t * ((1.0 - p) * x).exp() / (1.0 - p)
        }),
        "wing" => {
            let (w, epsilon) = (of.number("w"), of.number("epsilon"));
            let curve = |d: Big| w * (1.0 + d / epsilon).ln();
            pair(of, |d| match d.abs() {
                d if d < w => curve(d),
                d => d - (w - curve(big(w))),
            })
        }
        "kl_div" => of.each("input", |i| match of.x("target", i) {
            t if t == 0.0 => big(0.0),
            t => t.clone() * (t.ln() - of.x("input", i)),
        }),
        "gaussian_kl" => of.each("mu", |i| gaussian_kl(&of.x("mu", i), &of.x("log_var", i))),
        "gaussian_nll" => of.each("input", |i| {
            let var = of.x("var", i).max(of.number("eps"));
            let full = if of.flag("full") { 0.5 * TAU.ln() } else { 0.0 };
            0.5 * (var.ln() + square(of.x("input", i) - of.x("target", i)) / var) + full
        }),
        "poisson_nll" => of.each("input", |i| {
            let (x, t) = (of.x("input", i), of.x("target", i));
            match of.flag("log_input") {
                true => x.exp() - t * x,
                false => x.clone() - t * (x + of.number("eps")).ln(),
            }
        }),
        "soft_margin" => of.each("input", |i| softplus(&-(of.x("target", i) * of.x("input", i)))),
        "hinge_embedding" => of.each("input", |i| match of.x("target", i) {
            t if t == 1.0 => of.x("input", i),
            _ => (of.number("margin") - of.x("input", i)).max(0.0),
        }),
        "margin_ranking" => of.each("input1", |i| {
            (-(of.x("target", i) * (of.x("input1", i) - of.x("input2", i))) + of.number("margin")).max(0.0)
        }),
        "cross_entropy" => cross_entropy(of, of.rows("input"), "target"),
        "linear_cross_entropy" => linear_cross_entropy(of),
        "linear_softmax_focal" => linear_softmax_focal(of),
        "linear_dpo" => linear_dpo(of),
        "margin_softmax" => margin_softmax(of),
        "softmax_focal" => each_position(of, "target", |x, t| focal(of, dot(&softmax(x), t))),
        "poly_cross_entropy" => each_position(of, "target", |x, t| {
            let p = dot(&softmax(x), t);
            of.number("epsilon") * (1.0 - p.clone()) - p.ln()
        }),
        "generalized_cross_entropy" => {
            each_position(of, "target", |x, t| (1.0 - dot(&softmax(x), t).pow(of.number("q"))) / of.number("q"))
        }
        "nll" => each_position(of, "target", |x, t| -dot(x, t)),
        "multi_margin" => each_position(of, "target", |x, t| {
            let of_label = dot(x, t);
            let short = |k: usize| (of.number("margin") - of_label.clone() + &x[k]).max(0.0).pow(of.number("p"));
            (0..x.len()).filter(|&k| t[k] == 0.0).map(short).sum::<Big>() / x.len() as f64
        }),
        "multilabel_soft_margin" => {
            let rows = of.rows("input").into_iter().zip(of.rows("target"));
            let row = |x: &[Big], t: &[Big]| {
                x.iter().zip(t).map(|(x, t)| bce_with_logits(x, t)).sum::<Big>() / x.len() as f64
            };
            rows.map(|(x, t)| row(&x, &t)).collect()
        }
        "distillation" => distillation(of, of.rows("student"), of.rows("teacher")),
        "linear_distillation" => {
            let logits = |rows, weight| linear_logits(of, rows, weight);
            distillation(of, logits("student", "student_weight"), logits("teacher", "teacher_weight"))
        }
        "dice" | "tversky" | "generalized_dice" => regions(id, of),
        "dice_cross_entropy" => {
            let dice = regions("dice", of).into_iter().sum::<Big>() * of.number("dice_weight");
            let entropies = cross_entropy(of, of.rows("input"), "target").into_iter().sum::<Big>();
            vec![dice + entropies * of.number("cross_entropy_weight")]
        }
        "dice_bce" | "dice_focal" => with_elements(id, of),
        "box_iou" => boxes(of),
        "cosine_embedding" => with_target(of, |a, b, t| match t {
            t if t == 1.0 => 1.0 - cosine(a, b),
            _ => (cosine(a, b) - of.number("margin")).max(0.0),
        }),
        "cosine_similarity" => with_target(of, |a, b, t| square(cosine(a, b) - t)),
        "contrastive" => with_target(of, |a, b, t| {
            let d = if of.name("distance") == "cosine" { 1.0 - cosine(a, b) } else { distance(a, b, 2.0, 1e-6) };
            0.5 * (t.clone() * square(d.clone()) + (1.0 - t) * square((of.number("margin") - d).max(0.0)))
        }),
        "triplet_margin" => {
            let [a, b, c] = ["anchor", "positive", "negative"].map(|name| of.vectors(name));
            let apart = |a: &[Big], b: &[Big]| distance(a, b, of.number("p"), of.number("eps"));
            let row = |i: usize| {
                let near = apart(&a[i], &b[i]);
                let far = apart(&a[i], &c[i]);
                let far = if of.flag("swap") { far.min(apart(&b[i], &c[i])) } else { far };
                (near - far + of.number("margin")).max(0.0)
            };
            (0..a.len()).map(row).collect()
        }
        "info_nce" => info_nce(of),
        "siglip" => {
            let [image, text] = ["image", "text"].map(|name| of.vectors(name));
            let [scale, shift] = ["logit_scale", "logit_bias"].map(|name| of.x(name, 0));
            let pair = |i: usize, j: usize| {
                let z = scale.clone() * cosine(&image[i], &text[j]) + &shift;
                softplus(&if i == j { -z } else { z })
            };
            (0..image.len()).map(|i| (0..text.len()).map(|j| pair(i, j)).sum()).collect()
        }
        "sup_con" => {
            let (rows, labels) = (of.vectors("features"), &of.labels["labels"]);
            let row = |i: usize| {
                let others: Vec<usize> = (0..rows.len()).filter(|&j| j != i).collect();
                let z = |j: usize| cosine(&rows[i], &rows[j]) / of.number("temperature");
                let log_total = others.iter().map(|&j| z(j).exp()).sum::<Big>().ln();
                let alike: Vec<usize> = others.iter().copied().filter(|&j| labels[i] == labels[j]).collect();
                let sum: Big = alike.iter().map(|&j| log_total.clone() - z(j)).sum();
                sum / alike.len().max(1) as f64
            };
            (0..rows.len()).map(row).collect()
        }
        "triplet_hard" => triplet_hard(of),
        "diffusion" => diffusion(of),
        "adversarial_generator" => of.each("fake", |i| adversarial(&of.name("kind"), of.x("fake", i), true, true)),
        "adversarial_discriminator" => {
            let side = |name: &str, real| -> Big {
                of.of(name).iter().map(|x| adversarial(&of.name("kind"), x.clone(), real, false)).sum()
            };
            vec![side("real", true) + side("fake", false)]
        }
        "gram_style" => {
            let [n, c, s] = of.classes();
            let row = |name: &str, i: usize, k: usize| of.of(name)[(i * c + k) * s..][..s].to_vec();
            let gram =
                |name: &str, i: usize, a: usize, b: usize| dot(&row(name, i, a), &row(name, i, b)) / (c * s) as f64;
            let value = |i: usize, a: usize, b: usize| square(gram("input", i, a, b) - gram("target", i, a, b));
            (0..n * c * c).map(|at| value(at / (c * c), at / c % c, at % c)).collect()
        }
        "total_variation" => total_variation(of),
        "ssim" => ssim(of),
        "ctc" => ctc(of),
        "ms_ssim" => ms_ssim(of),
        "vae" => {
            let of_element = |i: usize| match of.name("reconstruction").as_str() {
                "mse" => square(of.x("input", i) - of.x("target", i)),
                _ => bce_with_logits(&of.x("input", i), &of.x("target", i)),
            };
            let reconstruction: Big = (0..of.of("input").len()).map(of_element).sum();
            let latents = 0..of.of("mu").len();
            let latent: Big = latents.map(|i| gaussian_kl(&of.x("mu", i), &of.x("log_var", i))).sum();
            vec![reconstruction + latent * of.number("beta")]
        }
        "ppo_policy" => of.each("log_probs", |i| {
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
        }),
        "ppo_value" => of.each("values", |i| {
            let (v, old, goal) = (of.x("values", i), of.x("old_values", i), of.x("returns", i));
            let clip = of.number("clip");
            let clipped = old.clone() + (v.clone() - old).max(-clip).min(clip);
            0.5 * square(v - &goal).max(square(clipped - goal))
        }),
        "kl_penalty" => of.each("log_probs", |i| {
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
        }),
        "preference" => of.each("chosen", |i| softplus(&(of.x("rejected", i) - of.x("chosen", i)))),
        "dpo" => of.each("policy_chosen", |i| {
            let names = ["policy_chosen", "policy_rejected", "reference_chosen", "reference_rejected"];
            dpo(of, names.map(|name| of.x(name, i)))
        }),
        "kto" => of.each("policy", |i| {
            let u = of.number("beta") * (of.x("policy", i) - of.x("reference", i));
            let label = of.x("label", i);
            let of_good = of.number("desirable_weight") * label.clone() * sigmoid(&-u.clone());
            of_good + of.number("undesirable_weight") * (1.0 - label) * sigmoid(&u)
        }),
        "orpo" => of.each("chosen", |i| {
            let [c, r] = ["chosen", "rejected"].map(|name| of.x(name, i));
            let log_odds = |x: &Big| x.clone() - (1.0 - x.exp()).ln();
            of.number("beta") * softplus(&(log_odds(&r) - log_odds(&c))) - c
        }),
        "simpo" => of.each("chosen", |i| {
            let z = of.number("beta") * (of.x("chosen", i) - of.x("rejected", i)) - of.number("gamma");
            let wrong = of.number("label_smoothing");
            (1.0 - wrong) * softplus(&-z.clone()) + wrong * softplus(&z)
        }),
        _ => panic!("no formula of {id}"),
    }
}

/// The loss of a pair of answers, from their log-probabilities under the policy and under the reference.
fn dpo(of: &Inputs, [pc, pr, rc, rr]: [Big; 4]) -> Big {
    let (lead, beta, wrong) = ((pc - pr) - (rc - rr), of.number("beta"), of.number("label_smoothing"));
    let z = beta * lead.clone();
    match of.name("kind").as_str() {
        "sigmoid" => (1.0 - wrong) * softplus(&-z.clone()) + wrong * softplus(&z),
        "hinge" => (1.0 - z).max(0.0),
        _ => square(lead - 0.5 / beta),
    }
}

fn pair(of: &Inputs, f: impl Fn(Big) -> Big) -> Vec<Big> {
    of.each("input", |i| f(of.x("input", i) - of.x("target", i)))
}

fn bce_with_logits(x: &Big, t: &Big) -> Big {
    t.clone() * softplus(&-x.clone()) + (1.0 - t.clone()) * softplus(x)
}

/// A target from 0 to 1 after label smoothing.
fn smooth(of: &Inputs, t: Big) -> Big {
    let smoothing = of.number("label_smoothing");
    (1.0 - smoothing) * t + 0.5 * smoothing
}

fn gaussian_kl(mu: &Big, log_var: &Big) -> Big {
    -0.5 * (1.0 + log_var.clone() - square(mu.clone()) - log_var.exp())
}

fn quantile(of: &Inputs) -> Vec<Big> {
    let Value::Numbers(quantiles) = &of.options["quantiles"] else { panic!("no quantiles") };
    of.each("input", |i| {
        let q = quantiles[i % quantiles.len()];
        let short = of.x("target", i / quantiles.len()) - of.x("input", i);
        (q * short.clone()).max((q - 1.0) * short)
    })
}

fn sigmoid_focal(of: &Inputs, x: &Big, t: &Big) -> Big {
    let p = sigmoid(x);
    let miss = (1.0 - p.clone()) * t + p * (1.0 - t.clone());
    let alpha = match of.options["alpha"] {
        Value::Number(alpha) => alpha * t.clone() + (1.0 - alpha) * (1.0 - t.clone()),
        _ => big(1.0),
    };
    alpha * miss.pow(of.number("gamma")) * bce_with_logits(x, t)
}

fn with_target(of: &Inputs, f: impl Fn(&[Big], &[Big], Big) -> Big) -> Vec<Big> {
    let (a, b) = (of.vectors("input1"), of.vectors("input2"));
    (0..a.len()).map(|i| f(&a[i], &b[i], of.x("target", i))).collect()
}

fn info_nce(of: &Inputs) -> Vec<Big> {
    let (query, key) = (of.vectors("query"), of.vectors("key"));
    let product = |a: &[Big], b: &[Big]| if of.flag("normalize") { cosine(a, b) } else { dot(a, b) };
    let z = |i: usize, j: usize| product(&query[i], &key[j]) / of.number("temperature");
    let of_row = |i: usize| (0..key.len()).map(|j| z(i, j).exp()).sum::<Big>().ln() - z(i, i);
    let of_column = |i: usize| (0..key.len()).map(|j| z(j, i).exp()).sum::<Big>().ln() - z(i, i);
    let value = |i: usize| if of.flag("symmetric") { 0.5 * (of_row(i) + of_column(i)) } else { of_row(i) };
    (0..query.len()).map(value).collect()
}

fn diffusion(of: &Inputs) -> Vec<Big> {
    let (n, all) = (of.shape[0], of.of("prediction").len());
    let c = of.number("huber_c");
    let error = |d: Big| match of.name("error").as_str() {
        "squared" => square(d),
        "huber" if d.abs() <= c => 0.5 * square(d),
        "huber" => c * (d.abs() - c / 2.0),
        _ => 2.0 * c * ((square(d) + c * c).sqrt() - c),
    };
    let item = |i: usize| {
        let alpha = of.x("alphas_cumprod", of.labels["timesteps"][i] as usize);
        let errors = (i * all / n..(i + 1) * all / n).map(|at| error(of.x("prediction", at) - of.x("noise", at)));
        let mean = errors.sum::<Big>() / (all / n) as f64;
        let (gamma, ratio) = (of.number("gamma"), alpha.clone() / (1.0 - alpha));
        match of.name("weighting").as_str() {
            "min_snr" => mean * ratio.clone().min(gamma) / ratio,
            "truncated_snr" => mean * ratio.clone().max(1.0) / ratio,
            "soft_min_snr" => mean * gamma / (ratio + gamma),
            _ => mean,
        }
    };
    (0..n).map(item).collect()
}

fn adversarial(kind: &str, x: Big, real: bool, generator: bool) -> Big {
    let x = if real { x } else { -x };
    match kind {
        "vanilla" => softplus(&-x),
        "least_squares" => 0.5 * square(if real { x - 1.0 } else { x }),
        "hinge" if !generator => (1.0 - x).max(0.0),
        _ => -x,
    }
}

fn known_values_come_of_the_formulas() {
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
