//! The CPU twins, which compute in f64 and need no GPU.

use crate::answer::{Results, answer};
use crate::call::Call;
use crate::error::thrown;
use wasm_bindgen::prelude::*;
use wgloss::cpu;

/// Returns the value of a loss, its gradients and what it observes by the CPU twin. It takes and returns what `Gpu.loss`
/// does, but synchronously.
///
/// # Errors
/// A `WglossError`.
#[wasm_bindgen(skip_typescript)]
pub fn twin(id: &str, operands: JsValue, options: JsValue) -> Result<JsValue, JsValue> {
    let evaluate = || {
        let call = Call::read(id, &operands, &options)?;
        let built = call.on_host()?;
        let (outcome, gradients) = cpu::gradient_list(&built.term, &call.of(&built.operands))?;
        let (parts, observed) = (outcome.parts().to_vec(), outcome.observed().to_vec());
        Ok(answer(&call, &Results { values: outcome.tensor().clone(), gradients, parts, observed }))
    };
    evaluate().map_err(thrown)
}
