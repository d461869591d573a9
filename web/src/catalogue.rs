//! The catalogue as JavaScript objects: the losses with their operands and options, and the tasks that they are for.

use crate::js::{list, object};
use wasm_bindgen::prelude::*;
use wgloss::header::{Kind, OperandSpec, OptionSpec, OptionType, Range, Value};
use wgloss::{Loss, TASKS, Task, all};

/// All losses: `{ id, title, family, page, operands, options, reductions }`. The page is Markdown.
#[wasm_bindgen(skip_typescript)]
pub fn losses() -> JsValue {
    list(all(), |loss| described(&*loss))
}

/// The tasks, each with the loss that is commonly used for it: `{ name, data, targets, code, note }`.
#[wasm_bindgen(skip_typescript)]
pub fn tasks() -> JsValue {
    list(TASKS, |task: &Task| {
        // `stringify!` may have broken the code into several lines
        let code = task.code.split_whitespace().collect::<Vec<_>>().join(" ");
        object([
            ("name", task.name.into()),
            ("data", task.data.into()),
            ("targets", task.targets.into()),
            ("code", code.into()),
            ("note", task.note.into()),
        ])
    })
}

fn described(loss: &dyn Loss) -> JsValue {
    let header = loss.header();
    let options = loss.specs().into_iter().zip(loss.values());
    object([
        ("id", header.id.into()),
        ("title", header.title.into()),
        ("family", loss.leaf().family().into()),
        ("page", loss.page().into()),
        ("operands", list(header.operands, operand)),
        ("options", list(options, |(spec, default)| option(&spec, &default))),
        ("reductions", list(header.reductions, |reduction| reduction.get().to_string().into())),
    ])
}

fn operand(spec: &OperandSpec) -> JsValue {
    object([
        ("name", spec.name.into()),
        ("role", format!("{:?}", spec.role).into()),
        ("domain", format!("{:?}", spec.domain).into()),
        ("doc", spec.role.doc().trim().into()),
        ("optional", spec.optional.into()),
        ("gradient", spec.gradient.into()),
    ])
}

fn option(spec: &OptionSpec, default: &Value) -> JsValue {
    let (kind, choices): (&str, &[&str]) = match spec.kind {
        Kind::Number => ("number", &[]),
        Kind::NumberOrNone => ("number_or_none", &[]),
        Kind::Integer => ("integer", &[]),
        Kind::IntegerOrNone => ("integer_or_none", &[]),
        Kind::Flag => ("flag", &[]),
        Kind::Choice(names) => ("choice", names),
        Kind::Numbers => ("numbers", &[]),
    };
    let (low, high) = match spec.range {
        Range::Any => (None, None),
        Range::AtLeast(low) | Range::Above(low) => (Some(low), None),
        Range::Within(low, high) | Range::Between(low, high) => (Some(low), Some(high)),
    };
    let end = |end: Option<f64>| end.map_or(JsValue::NULL, JsValue::from);
    object([
        ("name", spec.name.into()),
        ("doc", spec.doc.trim().into()),
        ("expected", spec.expected().into()),
        ("kind", kind.into()),
        ("rust_type", spec.rust_type.into()),
        ("choices", list(choices, |&name| name.into())),
        ("low", end(low)),
        ("high", end(high)),
        ("excludes_ends", matches!(spec.range, Range::Above(_) | Range::Between(..)).into()),
        ("default", value(default)),
    ])
}

fn value(value: &Value) -> JsValue {
    match value {
        Value::None => JsValue::NULL,
        Value::Number(number) => shortest(*number),
        Value::Flag(flag) => (*flag).into(),
        Value::Name(name) => name.into(),
        Value::Numbers(numbers) => list(numbers, |&number| shortest(number)),
    }
}

/// A number of an option. A fraction is an f32, and the text of a [`Value`] is the shortest that gives the same f32: 0.1, not
/// 0.10000000149.
fn shortest(number: f64) -> JsValue {
    Value::Number(number).to_string().parse::<f64>().map_or(JsValue::NULL, JsValue::from)
}
