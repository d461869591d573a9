//! Losses of elements: each has a value of its own.

use super::Inputs;
use super::math::{big, sigmoid, softplus, square};
use crate::big::Big;
use std::f64::consts::TAU;
use wgloss::header::Value;

/// A loss of the difference of input and target.
pub(super) fn pair(of: &Inputs, f: impl Fn(Big) -> Big) -> Vec<Big> {
    of.each("input", |i| f(of.x("input", i) - of.x("target", i)))
}

/// A loss of the input and of the smoothed target.
pub(super) fn smoothed(of: &Inputs, f: impl Fn(&Big, &Big) -> Big) -> Vec<Big> {
    of.each("input", |i| f(&of.x("input", i), &smooth(of, of.x("target", i))))
}

pub(super) fn smooth_l1(of: &Inputs) -> Vec<Big> {
    let beta = of.number("beta");
    pair(of, |d| if d.abs() < beta { square(d) / (2.0 * beta) } else { d.abs() - beta / 2.0 })
}

pub(super) fn huber(of: &Inputs) -> Vec<Big> {
    let delta = of.number("delta");
    pair(of, |d| if d.abs() <= delta { 0.5 * square(d) } else { delta * (d.abs() - delta / 2.0) })
}

pub(super) fn wing(of: &Inputs) -> Vec<Big> {
    let (w, epsilon) = (of.number("w"), of.number("epsilon"));
    let curve = |d: Big| w * (1.0 + d / epsilon).ln();
    pair(of, |d| match d.abs() {
        d if d < w => curve(d),
        d => d - (w - curve(big(w))),
    })
}

pub(super) fn quantile(of: &Inputs) -> Vec<Big> {
    let Value::Numbers(quantiles) = &of.options["quantiles"] else { panic!("no quantiles") };
    of.each("input", |i| {
        let q = quantiles[i % quantiles.len()];
        let short = of.x("target", i / quantiles.len()) - of.x("input", i);
        (q * short.clone()).max((q - 1.0) * short)
    })
}

pub(super) fn bce_with_logits(x: &Big, t: &Big) -> Big {
    t.clone() * softplus(&-x.clone()) + (1.0 - t.clone()) * softplus(x)
}

pub(super) fn bce(of: &Inputs) -> Vec<Big> {
    of.each("input", |i| {
        let (p, t) = (of.x("input", i), of.x("target", i));
        let log = |p: Big| if p == 0.0 { big(-100.0) } else { p.ln().max(-100.0) };
        -(t.clone() * log(p.clone()) + (1.0 - t) * log(1.0 - p))
    })
}

/// A target from 0 to 1 after label smoothing.
pub(super) fn smooth(of: &Inputs, t: Big) -> Big {
    let smoothing = of.number("label_smoothing");
    (1.0 - smoothing) * t + 0.5 * smoothing
}

pub(super) fn sigmoid_focal(of: &Inputs, x: &Big, t: &Big) -> Big {
    let p = sigmoid(x);
    let miss = (1.0 - p.clone()) * t + p * (1.0 - t.clone());
    let alpha = match of.options["alpha"] {
        Value::Number(alpha) => alpha * t.clone() + (1.0 - alpha) * (1.0 - t.clone()),
        _ => big(1.0),
    };
    alpha * miss.pow(of.number("gamma")) * bce_with_logits(x, t)
}

pub(super) fn asymmetric(of: &Inputs) -> Vec<Big> {
    of.each("input", |i| {
        let (p, t, clip) = (sigmoid(&of.x("input", i)), of.x("target", i), of.number("clip"));
        let shown = (p.clone() - clip).max(0.0);
        let yes = -((1.0 - p.clone()).pow(of.number("gamma_pos")) * p.ln());
        let no = if shown == 0.0 { big(0.0) } else { -(shown.pow(of.number("gamma_neg")) * (1.0 - shown).ln()) };
        t.clone() * yes + (1.0 - t) * no
    })
}

pub(super) fn quality_focal(of: &Inputs) -> Vec<Big> {
    of.each("input", |i| {
        let (x, t) = (of.x("input", i), of.x("target", i));
        (t.clone() - sigmoid(&x)).abs().pow(of.number("beta")) * bce_with_logits(&x, &t)
    })
}

pub(super) fn varifocal(of: &Inputs) -> Vec<Big> {
    of.each("input", |i| match (of.x("input", i), of.x("target", i)) {
        (x, t) if t == 0.0 => of.number("alpha") * sigmoid(&x).pow(of.number("gamma")) * softplus(&x),
        (x, t) => t.clone() * bce_with_logits(&x, &t),
    })
}

pub(super) fn tweedie(of: &Inputs) -> Vec<Big> {
    of.each("input", |i| {
        let (x, t, p) = (of.x("input", i), of.x("target", i), of.number("p"));
        ((2.0 - p) * x.clone()).exp() / (2.0 - p) - t * ((1.0 - p) * x).exp() / (1.0 - p)
    })
}

pub(super) fn kl_div(of: &Inputs) -> Vec<Big> {
    of.each("input", |i| match of.x("target", i) {
        t if t == 0.0 => big(0.0),
        t => t.clone() * (t.ln() - of.x("input", i)),
    })
}

pub(super) fn gaussian_kl(mu: &Big, log_var: &Big) -> Big {
    -0.5 * (1.0 + log_var.clone() - square(mu.clone()) - log_var.exp())
}

pub(super) fn gaussian_nll(of: &Inputs) -> Vec<Big> {
    of.each("input", |i| {
        let var = of.x("var", i).max(of.number("eps"));
        let full = if of.flag("full") { 0.5 * TAU.ln() } else { 0.0 };
        0.5 * (var.ln() + square(of.x("input", i) - of.x("target", i)) / var) + full
    })
}

pub(super) fn poisson_nll(of: &Inputs) -> Vec<Big> {
    of.each("input", |i| {
        let (x, t) = (of.x("input", i), of.x("target", i));
        match of.flag("log_input") {
            true => x.exp() - t * x,
            false => x.clone() - t * (x + of.number("eps")).ln(),
        }
    })
}

pub(super) fn hinge_embedding(of: &Inputs) -> Vec<Big> {
    of.each("input", |i| match of.x("target", i) {
        t if t == 1.0 => of.x("input", i),
        _ => (of.number("margin") - of.x("input", i)).max(0.0),
    })
}

pub(super) fn margin_ranking(of: &Inputs) -> Vec<Big> {
    of.each("input1", |i| {
        (-(of.x("target", i) * (of.x("input1", i) - of.x("input2", i))) + of.number("margin")).max(0.0)
    })
}

pub(super) fn diffusion(of: &Inputs) -> Vec<Big> {
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

pub(super) fn adversarial_generator(of: &Inputs) -> Vec<Big> {
    of.each("fake", |i| adversarial(&of.name("kind"), of.x("fake", i), true, true))
}

/// The loss of the discriminator's score of one sample: the generator's loss, or the discriminator's.
pub(super) fn adversarial(kind: &str, x: Big, real: bool, generator: bool) -> Big {
    let x = if real { x } else { -x };
    match kind {
        "vanilla" => softplus(&-x),
        "least_squares" => 0.5 * square(if real { x - 1.0 } else { x }),
        "hinge" if !generator => (1.0 - x).max(0.0),
        _ => -x,
    }
}
