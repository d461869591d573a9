//! The answer to a call as a JavaScript object: the loss, its gradients and its observations, read from the GPU.

use crate::call::Call;
use crate::js::{object, set};
use crate::tensor::to_js;
use js_sys::Object;
use wasm_bindgen::JsValue;
use wgloss::{Array, Outcome, PartOutcome, Result, Tensor};

/// The results of a call, on the host.
pub struct Results {
    /// The loss.
    pub values: Array,
    /// The gradients, in the order asked for.
    pub gradients: Vec<Array>,
    /// The parts of the outcome, which hold the observations that are numbers. They are not read for a call that observes
    /// nothing.
    pub parts: Vec<PartOutcome>,
    /// The observations that have a number for each position, with their names.
    pub observed: Vec<(String, Array)>,
}

/// Reads the results of a call. All reads begin before the first is waited for.
pub async fn read(call: &Call, outcome: &Outcome, gradients: &[Tensor]) -> Result<Results> {
    let values = outcome.tensor().read();
    let gradients: Vec<_> = gradients.iter().map(|gradient| gradient.read()).collect();
    let parts = call.observes().then(|| outcome.parts());
    let observed: Vec<_> = outcome.observed().iter().map(|(name, tensor)| (name.clone(), tensor.read())).collect();
    let mut results = Results { values: values.await?, gradients: Vec::new(), parts: Vec::new(), observed: Vec::new() };
    for read in gradients {
        results.gradients.push(read.await?);
    }
    if let Some(read) = parts {
        results.parts = read.await?;
    }
    for (name, read) in observed {
        results.observed.push((name, read.await?));
    }
    Ok(results)
}

/// `{ value, values, gradients, observations, observed }`. An unreduced loss has no `value`.
pub fn answer(call: &Call, results: &Results) -> JsValue {
    let Results { values, gradients, parts, observed } = results;
    let reduced = values.shape().is_empty().then(|| values.to_f64()[0]);
    let observations = call.observations(parts).map(|(name, number)| (name, number.into()));
    object([
        ("value", reduced.map_or(JsValue::UNDEFINED, JsValue::from)),
        ("values", to_js(values)),
        ("gradients", by_name(call.names().zip(gradients.iter().map(to_js)))),
        ("observations", by_name(observations)),
        ("observed", by_name(observed.iter().map(|(name, array)| (name.as_str(), to_js(array))))),
    ])
}

/// An object with these properties, of which there may be any number.
fn by_name<'a>(properties: impl Iterator<Item = (&'a str, JsValue)>) -> JsValue {
    let object = Object::new();
    properties.for_each(|(name, value)| set(&object, name, &value));
    object.into()
}
