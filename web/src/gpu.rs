//! The GPU of the browser, for JavaScript.

use crate::adapter;
use crate::answer::{answer, read};
use crate::call::Call;
use crate::error::thrown;
use crate::job::Job;
use wasm_bindgen::prelude::*;
use wgloss::Result;

/// The GPU of the browser. `await Gpu.open()` opens it.
#[wasm_bindgen]
#[derive(Clone, Debug)]
pub struct Gpu {
    gpu: wgloss::Gpu,
}

#[wasm_bindgen]
impl Gpu {
    /// Opens the GPU that the browser offers.
    ///
    /// # Errors
    /// A `WglossError` of kind `no_adapter`, which says what the browser lacks.
    pub async fn open() -> std::result::Result<Gpu, JsValue> {
        wgloss::Gpu::request().await.map(|gpu| Gpu { gpu }).map_err(thrown)
    }

    /// The browser's GPU: its names, which may be empty, its longest binding, and whether it can measure time.
    #[wasm_bindgen(getter, skip_typescript)]
    pub fn adapter(&self) -> JsValue {
        adapter::description(&self.gpu)
    }

    /// Returns the value of a loss, its gradients, and what it observes.
    ///
    /// # Errors
    /// A `WglossError`.
    #[wasm_bindgen(skip_typescript)]
    pub async fn loss(&self, id: String, operands: JsValue, options: JsValue) -> std::result::Result<JsValue, JsValue> {
        self.settled(self.evaluate(&id, &operands, &options).await).await
    }

    /// Prepares a call for a loop: its kernels and memory are made once.
    ///
    /// # Errors
    /// A `WglossError`.
    #[wasm_bindgen(skip_typescript)]
    pub async fn prepare(&self, id: String, operands: JsValue, options: JsValue) -> std::result::Result<Job, JsValue> {
        let prepared = Call::read(&id, &operands, &options).and_then(|call| Job::new(self, call));
        let job = self.settled(prepared).await?;
        // only now does the device report whether everything could be made
        self.gpu.settled().await.map_err(thrown)?;
        Ok(job)
    }
}

impl Gpu {
    async fn evaluate(&self, id: &str, operands: &JsValue, options: &JsValue) -> Result<JsValue> {
        let call = Call::read(id, operands, options)?;
        let built = call.on_host()?;
        let (outcome, gradients) = self.gpu.gradient_list(&built.term, &call.of(&built.operands))?;
        Ok(answer(&call, &read(&call, &outcome, &gradients).await?))
    }

    /// Converts an error to a JavaScript error. An error that the device reports late fails every later read too, until
    /// `wgloss::Gpu::settled` is awaited, so this function awaits that.
    pub(crate) async fn settled<T>(&self, result: Result<T>) -> std::result::Result<T, JsValue> {
        if result.is_err() {
            let _ = self.gpu.settled().await;
        }
        result.map_err(thrown)
    }

    /// The library's context.
    pub fn context(&self) -> &wgloss::Gpu {
        &self.gpu
    }
}
