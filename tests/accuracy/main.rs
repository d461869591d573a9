//! The digits that every loss keeps: its value and gradients on the twin and on the GPU beside the definition in 448 bits, over
//! inputs that cost digits.

mod big;
#[path = "../common/mod.rs"]
mod common;
mod formulas;
mod sweep;

use std::fmt::Write;
use sweep::{Draw, Regime};
use wgloss::{Array, DType, Gpu, Loss, Reduction, Value, cpu};

/// What a device gives: the values one by one, or the sum, and the gradients of the sum.
type Given = (Vec<f64>, Vec<Vec<f64>>);

/// The greatest relative error of a value and of a gradient, and the regime where it was met.
#[derive(Clone, Copy, Debug)]
struct Worst {
    value: (f64, Regime),
    gradient: (f64, Regime),
}

/// The least number whose digits count: below it f32 soon has fewer of them, or none.
const LEAST: f64 = 1e-35;

/// The share of a number that it may be off by.
const DIGITS: f64 = 1e-4;

/// Rows that lose more, and why; what they lose at most.
const LOSES: &[(&str, f64, &str)] = &[
    ("cosine_embedding", 0.25, ALIKE),
    ("cosine_similarity", 0.25, ALIKE),
    ("contrastive, distance cosine", 0.25, ALIKE),
    ("box_iou, kind giou", 20.0, "a corner that moves the loss by its eps alone has a gradient of a hundred-millionth"),
    ("info_nce, symmetric false", 0.01, PARALLEL),
    ("info_nce, symmetric true", 0.01, PARALLEL),
    ("siglip", 0.01, PARALLEL),
    ("sup_con", 0.01, PARALLEL),
];

const ALIKE: &str = "vectors that differ by a hundred-thousandth: their lengths are rounded to f32";
const PARALLEL: &str = "rows a thousand times as long as they are apart: their cosines are rounded to f32";

/// Each loss with its options, labels and dense targets apart.
fn rows() -> Vec<(String, Box<dyn Loss>, Vec<(&'static str, Value)>, DType)> {
    let mut rows = Vec::new();
    for loss in common::all() {
        let id = loss.header().id;
        let name = |name: &str| Value::Name(name.into());
        let number = Value::Number;
        let variants: Vec<Vec<(&'static str, Value)>> = match id {
            "box_iou" => ["iou", "giou", "diou"].map(|kind| vec![("kind", name(kind))]).into(),
            "dice" => vec![
                vec![],
                vec![("activation", name("sigmoid"))],
                vec![("squared_pred", Value::Flag(true))],
                vec![("jaccard", Value::Flag(true))],
            ],
            "tversky" => vec![vec![], vec![("gamma", number(0.75)), ("alpha", number(0.25))]],
            "generalized_dice" => vec![vec![], vec![("weighting", name("uniform"))]],
            "sigmoid_focal" => vec![vec![], vec![("gamma", number(1.5))]],
            "cross_entropy" => vec![vec![], vec![("label_smoothing", number(0.125)), ("z_loss", number(0.015625))]],
            "distillation" => vec![vec![], vec![("temperature", number(1e6))]],
            "dpo" => vec![vec![], vec![("label_smoothing", number(0.5))]],
            "adversarial_discriminator" | "adversarial_generator" => {
                ["vanilla", "least_squares", "hinge"].map(|kind| vec![("kind", name(kind))]).into()
            }
            "kl_penalty" => ["k1", "k2", "k3"].map(|kind| vec![("kind", name(kind))]).into(),
            "vae" => ["mse", "bce_with_logits"].map(|of| vec![("reconstruction", name(of))]).into(),
            "diffusion" => ["none", "min_snr"].map(|of| vec![("weighting", name(of))]).into(),
            "info_nce" => [false, true].map(|flag| vec![("symmetric", Value::Flag(flag))]).into(),
            "contrastive" => ["euclidean", "cosine"].map(|of| vec![("distance", name(of))]).into(),
            _ => vec![vec![]],
        };
        let dense = loss.header().operand("target").is_some_and(|spec| spec.role == wgloss::Role::Target);
        for options in variants {
            let text: Vec<String> = options.iter().map(|(name, value)| format!("{name} {value}")).collect();
            let name = [&[id.to_string()][..], &text].concat().join(", ");
            if dense {
                let dense = (loss.header().default)();
                rows.push((format!("{name}, dense target"), dense, options.clone(), DType::F32));
            }
            rows.push((name, (loss.header().default)(), options, DType::I32));
        }
    }
    rows
}

/// The greatest error of a loss over all regimes.
fn worst(loss: &dyn Loss, options: &[(&str, Value)], target: DType, given: &dyn Fn(&Draw) -> Given) -> Worst {
    let mut worst = Worst { value: (0.0, Regime::Usual), gradient: (0.0, Regime::Usual) };
    for regime in Regime::ALL {
        let draw = Draw::new(loss, options, target, regime);
        let (values, gradients) = given(&draw);
        let mut want = draw.values();
        if want.len() != values.len() {
            want = vec![want.iter().sum()];
        }
        let off = want.into_iter().zip(values).map(|(want, got)| error(got, want)).fold(0.0, f64::max);
        if off > worst.value.0 {
            worst.value = (off, regime);
        }
        for ((name, _), gradient) in draw.of.iter().zip(gradients) {
            let pairs = draw.gradient(name).into_iter().zip(gradient);
            let off = pairs.filter_map(|(want, got)| Some(error(got, want?))).fold(0.0, f64::max);
            if off > worst.gradient.0 {
                worst.gradient = (off, regime);
            }
        }
    }
    worst
}

/// How far a number is off, as a share of what is wanted. What f32 does not hold is right where it is as good as nothing, or no
/// number that f32 has.
fn error(got: f64, want: f64) -> f64 {
    match want.abs() {
        size if size < LEAST => {
            if got.abs() <= 2.0 * LEAST {
                0.0
            } else {
                f64::INFINITY
            }
        }
        size if size > f64::from(f32::MAX) => {
            if got.is_finite() && (got - want).abs() > DIGITS * size {
                f64::INFINITY
            } else {
                0.0
            }
        }
        _ if got.is_nan() => f64::INFINITY,
        size => (got - want).abs() / size,
    }
}

fn by_twin(draw: &Draw) -> Given {
    let of: Vec<&Array> = draw.of.iter().map(|(_, array)| array).collect();
    let (sum, gradients) = cpu::gradient_list(&draw.term, &of).expect("the sweep's terms are good");
    let values = match draw.has_values {
        true => cpu::value(&draw.term.clone().reduce(Reduction::None)).expect("it has values").tensor().to_f64(),
        false => sum.tensor().to_f64(),
    };
    (values, gradients.iter().map(Array::to_f64).collect())
}

fn by_gpu(gpu: &Gpu, draw: &Draw) -> Given {
    let of: Vec<&Array> = draw.of.iter().map(|(_, array)| array).collect();
    let (sum, gradients) = gpu.gradient_list(&draw.term, &of).expect("the sweep's terms are good");
    let read = |tensor: &wgloss::Tensor| tensor.read().wait().expect("it runs").to_f64();
    let values = match draw.has_values {
        true => read(gpu.value(&draw.term.clone().reduce(Reduction::None)).expect("it has values").tensor()),
        false => read(sum.tensor()),
    };
    (values, gradients.iter().map(read).collect())
}

/// Goes through all rows; gives a line for each, and those that lose more than they may.
fn table(given: &dyn Fn(&Draw) -> Given, most: f64) -> (String, Vec<String>) {
    let (mut lines, mut failures) = (String::new(), Vec::new());
    for (name, loss, options, target) in rows() {
        let Worst { value, gradient } = worst(&*loss, &options, target, given);
        let reason = LOSES.iter().find(|(row, ..)| *row == name);
        let allowed = reason.map_or(most, |(_, loses, _)| *loses);
        let line =
            format!("{name}: value {:.1e} ({:?}), gradient {:.1e} ({:?})", value.0, value.1, gradient.0, gradient.1);
        let why = reason.map_or("", |(.., why)| why);
        writeln!(lines, "| {name} | {:.1e} | {:.1e} | {why} |", value.0, gradient.0).expect("strings take text");
        if value.0.max(gradient.0) > allowed {
            failures.push(line);
        }
    }
    (lines, failures)
}

#[test]
fn twins_keep_their_digits() {
    let (_, failures) = table(&by_twin, 1e-7);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_gpu_keeps_its_digits() {
    let gpu = Gpu::new().expect("software is enough");
    let (_, failures) = table(&|draw| by_gpu(&gpu, draw), DIGITS);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_sweep_sees_what_is_lost() {
    let loss = wgloss::by_id("bce_with_logits").expect("a loss");
    let in_f32 = |draw: &Draw| {
        let numbers = |name: &str| {
            let operand = draw.operands.iter().find(|(known, _)| *known == name);
            operand.map(|(_, array)| array.to_f64()).unwrap_or_default()
        };
        let each = numbers("input").into_iter().zip(numbers("target"));
        let naive = |(x, t): (f64, f64)| {
            let p = (1.0 / (1.0 + (-x as f32).exp())).clamp(1e-7, 1.0 - 1e-7);
            f64::from(-(t as f32 * p.ln() + (1.0 - t as f32) * (1.0 - p).ln()))
        };
        (each.map(naive).collect(), by_twin(draw).1)
    };
    assert!(worst(&*loss, &[], DType::F32, &in_f32).value.0 > 0.01);
    assert!(worst(&*loss, &[], DType::F32, &by_twin).value.0 < 1e-9);
}
