//! The library's errors as JavaScript errors, with their details as properties.

use crate::js::{list, set};
use wasm_bindgen::JsValue;
use wgloss::Error;

/// The error as a JavaScript `Error` with the `name` `WglossError`. `kind` says which error it is, and the other properties
/// depend on it.
pub fn thrown(error: Error) -> JsValue {
    let thrown: JsValue = js_sys::Error::new(&error.to_string()).into();
    let text = |name: &str, value: &str| set(&thrown, name, &value.into());
    let number = |name: &str, value: f64| set(&thrown, name, &value.into());
    text("name", "WglossError");
    text("kind", error.kind());
    match &error {
        Error::ShapeMismatch { loss, operand, expected, got } => {
            text("loss", loss);
            text("operand", operand);
            text("expected", expected);
            set(&thrown, "got", &list(got, |&axis| (axis as f64).into()));
        }
        Error::LabelOutOfRange { loss, operand, position, value, count, ignored } => {
            text("loss", loss);
            text("operand", operand);
            number("position", *position as f64);
            number("value", *value as f64);
            number("count", *count as f64);
            set(&thrown, "ignored", &ignored.map_or(JsValue::NULL, JsValue::from));
        }
        Error::TargetOutOfRange { loss, operand, position, value, expected } => {
            text("loss", loss);
            text("operand", operand);
            number("position", *position as f64);
            text("value", value);
            text("expected", expected);
        }
        Error::NotFinite { loss, operand, position, value } => {
            text("loss", loss);
            text("operand", operand);
            number("position", *position as f64);
            text("value", value);
        }
        Error::InvalidOption { loss, option, value, expected } => {
            text("loss", loss);
            text("option", option);
            text("value", value);
            text("expected", expected);
        }
        Error::InvalidOperand { loss, operand, reason } => {
            text("loss", loss);
            text("operand", operand);
            text("reason", reason);
        }
        Error::UnsupportedDtype { loss, operand, got, expected } => {
            text("loss", loss);
            text("operand", operand);
            text("got", &got.to_string());
            text("expected", expected);
        }
        Error::TooLarge { what, needed, limit } => {
            text("what", what);
            number("needed", *needed as f64);
            number("limit", *limit as f64);
        }
        // every other error says everything in its message
        _ => {}
    }
    thrown
}

/// The error for a wrong operand. In the message, `reason` follows the operand's name.
pub fn bad_operand(loss: &'static str, operand: &str, reason: impl Into<String>) -> Error {
    Error::InvalidOperand { loss, operand: operand.into(), reason: reason.into() }
}

/// The error for an option whose value has a wrong type.
pub fn bad_option(loss: &'static str, option: &str, value: &JsValue, expected: &str) -> Error {
    let value = crate::js::shown(value);
    Error::InvalidOption { loss, option: option.into(), value, expected: expected.into() }
}
