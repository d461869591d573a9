//! The CPU twins, which compute in f64 and need no GPU.

use crate::answer::answer;
use crate::call::Call;
use crate::error::thrown;
use wasm_bindgen::prelude::*;
use wgloss::cpu;

/// Returns the value of a loss and its gradients by the CPU twin. It takes and returns what `Gpu.loss` does, but
/// synchronously.
///
/// # Errors
/// A `WglossError`.
#[wasm_bindgen(skip_typescript)]
pub fn twin(id: &str, operands: JsValue, options: JsValue) -> Result<JsValue, JsValue> {
    let evaluate = || {
        let call = Call::read(id, &operands, &options)?;
        let built = call.on_host()?;
        let (outcome, gradients) = cpu::gradient_list(&built.term, &call.of(&built.operands))?;
        Ok(answer(outcome.tensor(), &call.names(), &gradients))
    };
    evaluate().map_err(thrown)
}
