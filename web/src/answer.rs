//! The answer to a call as a JavaScript object: the loss and its gradients, read from the GPU.

use crate::js::{object, set};
use crate::tensor::to_js;
use js_sys::Object;
use wasm_bindgen::JsValue;
use wgloss::{Array, Outcome, Result, Tensor};

/// Reads the loss and its gradients. All reads begin before the first is waited for.
pub async fn read(outcome: &Outcome, gradients: &[Tensor]) -> Result<(Array, Vec<Array>)> {
    let values = outcome.tensor().read();
    let reads: Vec<_> = gradients.iter().map(|gradient| gradient.read()).collect();
    let values = values.await?;
    let mut gradients = Vec::new();
    for read in reads {
        gradients.push(read.await?);
    }
    Ok((values, gradients))
}

/// `{ value, values, gradients }`. An unreduced loss has no `value`.
pub fn answer(values: &Array, names: &[String], gradients: &[Array]) -> JsValue {
    let of_operands = Object::new();
    for (name, gradient) in names.iter().zip(gradients) {
        set(&of_operands, name, &to_js(gradient));
    }
    let reduced = values.shape().is_empty().then(|| values.to_f64()[0]);
    let value = reduced.map_or(JsValue::UNDEFINED, JsValue::from);
    object([("value", value), ("values", to_js(values)), ("gradients", of_operands.into())])
}
