//! Losses of a softmax over classes.

use super::Inputs;
use super::math::{big, cosine, dot, softmax, square};
use super::preferences::of_answers;
use crate::big::Big;
use wgloss::header::Value;

/// A value for each position; 0 for an ignored one.
pub(super) fn each_position(of: &Inputs, target: &str, f: impl Fn(&[Big], &[Big]) -> Big) -> Vec<Big> {
    let ignored = of.options.get("ignore_index").map(|_| of.number("ignore_index") as i64);
    let rows = capped(of, of.rows("input")).into_iter().zip(of.targets(target, ignored));
    rows.map(|(x, t)| t.map_or(big(0.0), |t| f(&x, &t))).collect()
}

/// The focal loss of a position. `p` is the probability of its label's class.
pub(super) fn focal(of: &Inputs, p: Big) -> Big {
    -((1.0 - p.clone()).pow(of.number("gamma")) * p.ln())
}

/// The logits after the loss's soft cap, if it has one.
fn capped(of: &Inputs, rows: Vec<Vec<Big>>) -> Vec<Vec<Big>> {
    let Some(Value::Number(c)) = of.options.get("softcap") else { return rows };
    let tanh = |y: Big| {
        let e = (2.0 * y).exp();
        (e.clone() - 1.0) / (e + 1.0)
    };
    rows.into_iter().map(|row| row.into_iter().map(|x| *c * tanh(x / *c)).collect()).collect()
}

pub(super) fn cross_entropy(of: &Inputs, rows: Vec<Vec<Big>>, target: &str) -> Vec<Big> {
    let (smoothing, z) = (of.number("label_smoothing"), of.number("z_loss"));
    let dense = !of.labels.contains_key(target);
    let row = |(at, x): (usize, Vec<Big>)| {
        let log_total = x.iter().map(Big::exp).sum::<Big>().ln();
        let label = of.labels.get(target).map(|labels| labels[at]);
        if label.is_some_and(|label| label == of.number("ignore_index") as i64) {
            return big(0.0);
        }
        let q = |k: usize| match dense {
            true => of.rows(target)[at][k].clone(),
            false => big(f64::from(u8::from(label == Some(k as i64)))),
        };
        let share = |k: usize| (1.0 - smoothing) * q(k) + smoothing / x.len() as f64;
        let surprise: Big = (0..x.len()).map(|k| share(k) * (log_total.clone() - &x[k])).sum();
        surprise + z * square(log_total.clone())
    };
    capped(of, rows).into_iter().enumerate().map(row).collect()
}

pub(super) fn poly_cross_entropy(of: &Inputs) -> Vec<Big> {
    each_position(of, "target", |x, t| {
        let p = dot(&softmax(x), t);
        of.number("epsilon") * (1.0 - p.clone()) - p.ln()
    })
}

pub(super) fn generalized_cross_entropy(of: &Inputs) -> Vec<Big> {
    each_position(of, "target", |x, t| (1.0 - dot(&softmax(x), t).pow(of.number("q"))) / of.number("q"))
}

fn linear_logits(of: &Inputs, rows: &'static str, weight: &'static str) -> Vec<Vec<Big>> {
    // a teacher's rows may have another length than the student's
    let width = of.of(rows).len() / of.shape[0];
    let [x, weight] = [rows, weight].map(|name| of.of(name).chunks(width));
    x.map(|x| weight.clone().map(|w| dot(x, w)).collect()).collect()
}

pub(super) fn linear_cross_entropy(of: &Inputs) -> Vec<Big> {
    cross_entropy(of, linear_logits(of, "input", "weight"), "target")
}

pub(super) fn linear_softmax_focal(of: &Inputs) -> Vec<Big> {
    let row = |(x, label): (Vec<Big>, &i64)| match *label == of.number("ignore_index") as i64 {
        true => big(0.0),
        false => focal(of, softmax(&x)[*label as usize].clone()),
    };
    capped(of, linear_logits(of, "input", "weight")).into_iter().zip(&of.labels["target"]).map(row).collect()
}

pub(super) fn linear_dpo(of: &Inputs) -> Vec<Big> {
    let rows = capped(of, linear_logits(of, "hidden", "weight"));
    let pairs = of.of("reference").len() / 2;
    let policy = |segment: usize| {
        let log_p = |(row, (x, label)): (usize, (&Vec<Big>, &i64))| {
            let kept = of.labels["segments"][row] == segment as i64 && *label != of.number("ignore_index") as i64;
            kept.then(|| softmax(x)[*label as usize].ln())
        };
        let log_ps: Vec<Big> = rows.iter().zip(&of.labels["target"]).enumerate().filter_map(log_p).collect();
        let count = if of.name("kind") == "ipo" { log_ps.len().max(1) } else { 1 };
        log_ps.into_iter().sum::<Big>() / count as f64
    };
    let reference = |segment: usize| of.x("reference", segment);
    let pair = |b: usize| of_answers(of, [policy(b), policy(pairs + b), reference(b), reference(pairs + b)]);
    (0..pairs).map(pair).collect()
}

pub(super) fn distillation(of: &Inputs, students: Vec<Vec<Big>>, teachers: Vec<Vec<Big>>) -> Vec<Big> {
    let temperature = of.number("temperature");
    let tempered = |row: &[Big]| softmax(&row.iter().map(|x| x.clone() / temperature).collect::<Vec<_>>());
    let rows = capped(of, students).into_iter().zip(capped(of, teachers));
    let kl = |a: &[Big], b: &[Big]| a.iter().zip(b).map(|(a, b)| a.clone() * (a.clone() / b.clone()).ln()).sum::<Big>();
    let divergence = |(s, t): (Vec<Big>, Vec<Big>)| {
        let (s, t) = (tempered(&s), tempered(&t));
        let divergence = match of.name("direction").as_str() {
            "forward" => kl(&t, &s),
            "reverse" => kl(&s, &t),
            _ => {
                let beta = of.number("beta");
                let mixed = |(s, t): (&Big, &Big)| beta * t.clone() + (1.0 - beta) * s.clone();
                let m: Vec<Big> = s.iter().zip(&t).map(mixed).collect();
                beta * kl(&t, &m) + (1.0 - beta) * kl(&s, &m)
            }
        };
        divergence * temperature.powi(2)
    };
    rows.map(divergence).collect()
}

pub(super) fn linear_distillation(of: &Inputs) -> Vec<Big> {
    let logits = |rows, weight| linear_logits(of, rows, weight);
    distillation(of, logits("student", "student_weight"), logits("teacher", "teacher_weight"))
}

/// Cross-entropy with a margin at the label. ArcFace's `cos(θ + m)` comes from the addition formula, with
/// `sin θ = √(1 − cos²θ)`: the numbers have enough digits for that difference.
pub(super) fn margin_softmax(of: &Inputs) -> Vec<Big> {
    let (rows, weight, labels) = (of.vectors("features"), of.vectors("weight"), &of.labels["target"]);
    let (m, smoothing) = (of.number("m"), of.number("label_smoothing"));
    let (sin_m, cos_m) = sin_cos(m);
    let margined = |c: Big| match of.name("kind").as_str() {
        "cosface" => c - m,
        _ if c < -cos_m.clone() => c - m * sin_m.clone(),
        _ => c.clone() * &cos_m - (1.0 - square(c)).sqrt() * &sin_m,
    };
    let row = |(x, label): (&Vec<Big>, &i64)| {
        if *label == of.number("ignore_index") as i64 {
            return big(0.0);
        }
        let z = |k: usize| {
            let c = cosine(x, &weight[k]);
            of.number("s") * if k as i64 == *label { margined(c) } else { c }
        };
        let z: Vec<Big> = (0..weight.len()).map(z).collect();
        let log_total = z.iter().map(Big::exp).sum::<Big>().ln();
        let share = |k: usize| f64::from(u8::from(k as i64 == *label)) * (1.0 - smoothing) + smoothing / z.len() as f64;
        (0..z.len()).map(|k| share(k) * (log_total.clone() - &z[k])).sum()
    };
    rows.iter().zip(labels).map(row).collect()
}

/// The sine and the cosine of a number up to 2, by their series.
fn sin_cos(x: f64) -> (Big, Big) {
    let mut sums = [big(0.0), big(0.0)];
    let mut term = big(1.0);
    for n in 0..120 {
        let sign = if n % 4 < 2 { 1.0 } else { -1.0 };
        sums[n % 2] = sums[n % 2].clone() + sign * term.clone();
        term = term * x / (n + 1) as f64;
    }
    let [cosine, sine] = sums;
    (sine, cosine)
}
