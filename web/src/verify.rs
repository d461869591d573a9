//! Runs the conformance cases on the visitor's GPU. This is for the page, and not part of the package.

use crate::gpu::Gpu;
use crate::js::{list, object};
use js_sys::Function;
use wasm_bindgen::prelude::*;
use wgloss::by_id;
use wgloss_cases::{Counts, Trial, Way, read};

#[wasm_bindgen]
impl Gpu {
    /// Runs the cases of a loss, from the bytes of their two files. Calls `progress` after each case, and stops if it
    /// returns a false value. Returns `{ passed, failed, worst, failures }`, where `worst` is the greatest error relative
    /// to its tolerance.
    ///
    /// # Errors
    /// A text, if there is no such loss or the files are damaged.
    pub async fn verify(
        &self,
        id: String,
        json: Vec<u8>,
        tensors: Vec<u8>,
        progress: Function,
    ) -> std::result::Result<JsValue, JsValue> {
        let loss = by_id(&id).ok_or_else(|| format!("there is no loss {id}"))?;
        let (suite, tensors) = read(&id, &json, &tensors)?;
        let gpu = self.context();
        let (ways, mut counts, mut failures) = (Way::all(gpu.clone()), Counts::default(), Vec::new());
        for case in suite.cases(loss.header(), &tensors) {
            let mut trial = Trial::run(&ways, &case).await;
            // an error that the device reported late must not fail the next case
            if let Err(error) = gpu.settled().await {
                trial.failures.push(error.to_string());
            }
            counts.count(&trial);
            failures.extend(trial.failures.into_iter().map(|why| format!("{}: {why}", case.name)));
            if progress.call0(&JsValue::NULL)?.is_falsy() {
                break;
            }
        }
        Ok(object([
            ("passed", (counts.passed as f64).into()),
            ("failed", (counts.failed as f64).into()),
            ("worst", counts.worst.into()),
            ("failures", list(failures, JsValue::from)),
        ]))
    }
}
