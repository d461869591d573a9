//! A case on the GPU: checked against its twin, then prepared.

use super::case::Problem;
use super::stopwatch::Stamps;
use std::error::Error;
use wgloss::{DType, Gpu, Gradient, Job, Operand, Outputs, Result, Tensor, cpu, wgpu};

/// A prepared case.
pub struct Ready {
    /// The value alone.
    pub value: Job,
    /// The value with the gradients.
    pub gradients: Job,
}

impl Ready {
    /// Uploads the operands and prepares both jobs.
    pub fn new(gpu: &Gpu, problem: &Problem) -> Result<Ready> {
        let upload = |(_, array): &(_, wgloss::Array)| gpu.upload_array(array);
        let tensors = problem.operands.iter().map(upload).collect::<Result<Vec<Tensor>>>()?;
        let on_gpu = |wanted: &wgloss::Array| {
            let place = problem.operands.iter().position(|(_, array)| array.is(wanted));
            tensors[place.expect("a term holds the operands that it was made of")].clone()
        };
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

/// A wrong answer is not worth a measurement.
pub fn check(gpu: &Gpu, name: &str, problem: &Problem) -> std::result::Result<(), Box<dyn Error>> {
    let of = problem.differentiated();
    let (twin, wanted) = cpu::gradient_list(&problem.term, &of)?;
    let (ours, got) = gpu.gradient_list(&problem.term, &of)?;
    let (ours, twin) = (f64::from(ours.loss().wait()?), twin.loss()?);
    // f32 sums in trees: the error of a long sum stays near that of its terms, the gradients are a few roundings off
    if (ours - twin).abs() > 1e-5 * twin.abs() || ours.is_nan() {
        return Err(format!("{name}: the loss is {ours}, the twin's {twin}").into());
    }
    for ((operand, got), want) in problem.of.iter().zip(&got).zip(&wanted) {
        let dtype = got.dtype();
        let (got, want) = (got.read().wait()?.to_f64(), want.to_f64());
        let most = want.iter().fold(0.0, |most: f64, d| most.max(d.abs()));
        let errors = got.iter().zip(&want).map(|(got, want)| (got - want).abs() - rounding(dtype, *want));
        // of all numbers NaN is the greatest in this order
        let worst = errors.max_by(f64::total_cmp).unwrap_or(0.0);
        if worst.is_nan() || worst > 1e-5 * most {
            return Err(format!("{name}: the gradient of {operand} is off by {worst}, the greatest is {most}").into());
        }
    }
    Ok(())
}

/// How far apart two numbers may come to lie by being stored: a unit in the last place.
fn rounding(dtype: DType, number: f64) -> f64 {
    match dtype {
        DType::F16 => number.abs() * 2f64.powi(-10) + 2f64.powi(-24),
        DType::BF16 => number.abs() * 2f64.powi(-7),
        _ => 0.0,
    }
}
