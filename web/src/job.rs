//! A prepared call, for loops: operands stay on the GPU, and each run computes with their present contents.

use crate::answer::{answer, read};
use crate::call::Call;
use crate::error::{bad_operand, thrown};
use crate::gpu::Gpu;
use crate::tensor::from_js;
use wasm_bindgen::prelude::*;
use wgloss::{Array, Data, Error, Gradient, Operand, Outputs, Result, Tensor};

/// A prepared call. `gpu.prepare` makes it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Job {
    gpu: Gpu,
    call: Call,
    operands: Vec<Tensor>,
    gradients: Vec<Tensor>,
    job: wgloss::Job,
}

impl Job {
    pub(crate) fn new(gpu: &Gpu, call: Call) -> Result<Job> {
        let context = gpu.context();
        let upload = |array: &Array| {
            let tensor = context.upload_array(array)?.with_class_axis(array.class_axis());
            Ok(if array.dtype().is_float() { tensor.f32_gradient() } else { tensor })
        };
        let built = call.build(upload)?;
        let of = call.of(&built.operands);
        let gradients = of.iter().map(|of| context.empty(of.shape())).collect::<Result<Vec<_>>>()?;
        let outputs = of.iter().zip(&gradients).map(|(of, into)| Gradient::store(of, into)).collect();
        let job = context.prepare(&built.term, &Outputs { gradients: outputs, ..Outputs::default() })?;
        Ok(Job { gpu: gpu.clone(), operands: built.operands, gradients, job, call })
    }

    fn write_operand(&self, name: &str, elements: &JsValue) -> Result<()> {
        let tensor = &self.operands[self.call.place(name)?];
        let array = from_js(self.call.id(), name, elements)?;
        if array.len() != tensor.len() {
            let expected = format!("{} elements, as it was prepared with", tensor.len());
            let got = array.shape().to_vec();
            return Err(Error::ShapeMismatch { loss: self.call.id(), operand: name.into(), expected, got });
        }
        if array.dtype() != tensor.dtype() && array.dtype() != wgloss::DType::F64 {
            let reason = format!("holds {}, and was prepared with {}", array.dtype(), tensor.dtype());
            return Err(bad_operand(self.call.id(), name, reason));
        }
        match array.data() {
            Data::F32(x) => tensor.write(x),
            Data::F16(x) => tensor.write(x),
            Data::BF16(x) => tensor.write(x),
            Data::F64(x) => tensor.write(x),
            Data::I32(x) => tensor.write(x),
            Data::U32(x) => tensor.write(x),
            Data::U8(x) => tensor.write(x),
            Data::I64(x) => tensor.write(x),
        }
    }

    async fn evaluate(&self) -> Result<JsValue> {
        let outcome = self.job.run()?;
        Ok(answer(&self.call, &read(&self.call, &outcome, &self.gradients).await?))
    }

    async fn run_and_wait(&self, runs: u32) -> Result<()> {
        for _ in 0..runs {
            self.job.run()?;
        }
        self.job.check().await
    }
}

#[wasm_bindgen]
impl Job {
    /// Writes new elements to an operand. Their number must stay the same.
    ///
    /// # Errors
    /// A `WglossError`.
    #[wasm_bindgen(skip_typescript)]
    pub fn write(&self, operand: &str, elements: JsValue) -> std::result::Result<(), JsValue> {
        self.write_operand(operand, &elements).map_err(thrown)
    }

    /// Computes the loss, its gradients and what it observes, with the present contents of the operands.
    ///
    /// # Errors
    /// A `WglossError`.
    #[wasm_bindgen(skip_typescript)]
    pub async fn run(&self) -> std::result::Result<JsValue, JsValue> {
        self.gpu.settled(self.evaluate().await).await
    }

    /// Runs the job `runs` times, and waits until the GPU has finished. It is for measurements: labels are checked, but no
    /// tensor is read.
    ///
    /// # Errors
    /// A `WglossError`.
    #[wasm_bindgen(skip_typescript)]
    pub async fn repeat(&self, runs: u32) -> std::result::Result<(), JsValue> {
        self.gpu.settled(self.run_and_wait(runs).await).await
    }
}
