//! Checks a case on the GPU against its twin, and prepares it.

use super::case::Problem;
use super::stopwatch::Stamps;
use std::error::Error;
use wgloss::{DType, Gpu, Gradient, Job, Outputs, Result, Tensor, cpu, wgpu};

/// A prepared case.
pub struct Ready {
    /// Computes the value alone.
    pub value: Job,
    /// Computes the value and the gradients.
    pub gradients: Job,
}

impl Ready {
    /// Uploads the operands and prepares both jobs.
    pub fn new(gpu: &Gpu, problem: &Problem) -> Result<Ready> {
        let upload = |(_, array): &(_, wgloss::Array)| gpu.upload_array(array);
        let tensors = problem.operands.iter().map(upload).collect::<Result<Vec<Tensor>>>()?;
        let on_gpu = |wanted: &wgloss::Array| tensors[problem.place(wanted)].clone();
        let term = problem.term.map(|array| Ok(on_gpu(array)))?;
        let store = |of: &wgloss::Array| {
            let of = on_gpu(of);
            Ok(Gradient::store(&of, &gpu.empty_like(&of)?))
        };
        let gradients = problem.differentiated().into_iter().map(store).collect::<Result<_>>()?;
        Ok(Ready {
            value: gpu.prepare(&term, &Outputs::default())?,
            gradients: gpu.prepare(&term, &Outputs { gradients, ..Outputs::default() })?,
        })
    }
}

/// Records and submits a job.
pub fn submit(gpu: &Gpu, job: &Job, timestamp_writes: Stamps<'_>) {
    let mut encoder = gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    job.encode(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: None, timestamp_writes }));
    gpu.queue().submit([encoder.finish()]);
}

/// Compares the loss and the gradients with the twin's, so that no wrong kernel is measured.
pub fn check(gpu: &Gpu, name: &str, problem: &Problem) -> std::result::Result<(), Box<dyn Error>> {
    let of = problem.differentiated();
    let (twin, wanted) = cpu::gradient_list(&problem.term, &of)?;
    let (ours, got) = gpu.gradient_list(&problem.term, &of)?;
    let (ours, twin) = (f64::from(ours.loss().wait()?), twin.loss()?);
    // sums are trees in f32, so the error of a long sum stays near the error of its terms; gradients are a few
    // roundings off
    if (ours - twin).abs() > 1e-5 * twin.abs() || ours.is_nan() {
        return Err(format!("{name}: the loss is {ours}, the twin's {twin}").into());
    }
    for ((operand, got), want) in problem.of.iter().zip(&got).zip(&wanted) {
        let dtype = got.dtype();
        let (got, want) = (got.read().wait()?.to_f64(), want.to_f64());
        let most = want.iter().fold(0.0, |most: f64, d| most.max(d.abs()));
        let errors = got.iter().zip(&want).map(|(got, want)| (got - want).abs() - rounding(dtype, *want));
        // in this order NaN is the greatest
        let worst = errors.max_by(f64::total_cmp).unwrap_or(0.0);
        if worst.is_nan() || worst > 1e-5 * most {
            return Err(format!("{name}: the gradient of {operand} is off by {worst}, the greatest is {most}").into());
        }
    }
    Ok(())
}

/// A unit in the last place: how far two nearly equal numbers may be apart after rounding to `dtype`.
fn rounding(dtype: DType, number: f64) -> f64 {
    match dtype {
        DType::F16 => number.abs() * 2f64.powi(-10) + 2f64.powi(-24),
        DType::BF16 => number.abs() * 2f64.powi(-7),
        _ => 0.0,
    }
}
