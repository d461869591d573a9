//! Stores the floats of conformance cases in 16 bits. The CPU twin then computes in f64 what is expected.

use clap::ValueEnum;
use pollster::block_on;
use wgloss::{Array, DType};
use wgloss_cases::{Body, Case, Expected, Job, Way};

/// The dtypes to verify.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub enum Dtypes {
    /// As the cases store them. The cases have the expected numbers.
    F32,
    /// IEEE half precision.
    F16,
    /// The upper 16 bits of f32.
    Bf16,
    /// All three.
    All,
}

impl Dtypes {
    pub fn list(self) -> &'static [DType] {
        match self {
            Dtypes::F32 => &[DType::F32],
            Dtypes::F16 => &[DType::F16],
            Dtypes::Bf16 => &[DType::BF16],
            Dtypes::All => &[DType::F32, DType::F16, DType::BF16],
        }
    }

    /// The name of a device and a dtype in the output. With f32 alone, it is the name of the device.
    pub fn label(self, device: &str, dtype: DType) -> String {
        if self == Dtypes::F32 { device.into() } else { format!("{device} {:<4}", dtype.to_string()) }
    }
}

/// The case with its floats rounded to `dtype`. For f32 it is unchanged.
pub fn stored_as(case: &Case, dtype: DType) -> Case {
    let stored = |body: &Body| if dtype == DType::F32 { Ok(body.clone()) } else { rounded(body, dtype) };
    Case { name: case.name.clone(), body: case.body.as_ref().map_err(String::clone).and_then(stored) }
}

fn rounded(body: &Body, dtype: DType) -> Result<Body, String> {
    let job = in_dtype(&body.job, dtype);
    let expected = match &body.expected {
        Expected::Refusal(kind) => Expected::Refusal(kind.clone()),
        Expected::Numbers { tolerance, gradients, .. } => {
            let names: Vec<&str> = gradients.iter().map(|(name, _)| name.as_str()).collect();
            let twin = block_on(Way::Cpu.evaluate(&in_dtype(&job, DType::F64), &names));
            let twin = twin.map_err(|error| format!("the twin refuses the numbers as {dtype}: {error}"))?;
            let gradients = names.iter().map(|name| name.to_string()).zip(twin.gradients).collect();
            Expected::Numbers { tolerance: *tolerance, loss: twin.loss, gradients }
        }
    };
    Ok(Body { job, expected })
}

fn in_dtype(job: &Job, dtype: DType) -> Job {
    let cast = |array: &Array| if array.dtype().is_float() { array.cast(dtype) } else { array.clone() };
    Job {
        loss: job.loss,
        options: job.options.clone(),
        operands: job.operands.iter().map(|(name, array)| (name.clone(), cast(array))).collect(),
        upstream: job.upstream.as_ref().map(cast),
    }
}
