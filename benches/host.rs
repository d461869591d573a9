//! Measures what a step of a training loop costs the host: preparing, rebinding, recording, calling again.
//!
//! The GPU's time is left out as far as the driver allows: recorded steps are not submitted, and the calls that do submit have
//! small operands. The results are checked before anything is timed.

use criterion::{BatchSize, Criterion};
use std::error::Error;
use std::hint::black_box;
use wgloss::wgpu::{CommandEncoderDescriptor, ComputePassDescriptor};
use wgloss::{Array, CrossEntropy, Gpu, Gradient, InfoNce, Job, Operand, Outputs, Tensor, Term, cpu};

/// The length of the tensor to which a job writes the loss of each step.
const STEPS: usize = 10_001;

/// A term of small tensors, so that the work of the GPU does not hide the host's.
struct Subject {
    name: &'static str,
    term: Term<Tensor>,
    /// The operand that the term is differentiated with respect to.
    differentiated: Tensor,
    /// Where its gradient is stored.
    gradient: Tensor,
}

impl Subject {
    fn new(gpu: &Gpu, name: &'static str, term: &Term<Array>, of: &Array) -> Result<Subject, Box<dyn Error>> {
        let mut tensor = None;
        let on_gpu = term.map(|array| {
            let uploaded = gpu.upload_array(array)?;
            if array.is(of) {
                tensor = Some(uploaded.clone());
            }
            Ok(uploaded)
        })?;
        let tensor = tensor.ok_or("the term has its operand")?;
        let (want, _) = cpu::gradients(term, [of])?;
        let got = gpu.gradients(&on_gpu, [&tensor])?.0.loss().wait()?;
        if (f64::from(got) - want.loss()?).abs() > 1e-5 {
            return Err(format!("{name}: the loss is {got}, the twin's {}", want.loss()?).into());
        }
        Ok(Subject { name, term: on_gpu, gradient: gpu.empty(tensor.shape())?, differentiated: tensor })
    }

    fn outputs(&self, log: &Tensor) -> Outputs {
        let gradients = vec![Gradient::store(&self.differentiated, &self.gradient)];
        Outputs { loss: Some(log.clone()), gradients, ..Outputs::default() }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let gpu = Gpu::new()?;
    let mut criterion = Criterion::default().configure_from_args();
    let numbers = |count: usize| (0..count).map(|k| (k * 7 % 13) as f32 * 0.1).collect::<Vec<_>>();
    let logits = Array::new(&numbers(64 * 100), [64, 100])?;
    let labels = Array::new(&(0..64).collect::<Vec<i32>>(), [64])?;
    let [queries, keys] = [1, 2].map(|k| Array::new(&numbers(64 * 32 * k)[..64 * 32], [64, 32]));
    let (queries, keys) = (queries?, keys?);
    let subjects = [
        Subject::new(&gpu, "cross_entropy", &CrossEntropy::default().of(&logits, &labels), &logits)?,
        Subject::new(&gpu, "info_nce", &InfoNce::default().of(&queries, &keys), &queries)?,
    ];
    for subject in &subjects {
        measure(&mut criterion, &gpu, subject)?;
    }
    criterion.final_summary();
    Ok(())
}

fn measure(criterion: &mut Criterion, gpu: &Gpu, subject: &Subject) -> Result<(), Box<dyn Error>> {
    let log = gpu.empty([STEPS])?;
    let outputs = subject.outputs(&log);
    let job = gpu.prepare(&subject.term, &outputs)?;
    let name = |what: &str| format!("{}/{what}", subject.name);
    // Each job is prepared or bound after a submission, as programs do: until the next one, wgpu holds what was written to new
    // buffers, and finds memory more slowly.
    let submit = || {
        gpu.queue().submit([]);
    };
    // the pipelines exist already, so this measures checks, plans, memory and bind groups
    criterion.bench_function(&name("prepare"), |bencher| {
        let prepare = |()| black_box(gpu.prepare(&subject.term, &outputs).is_ok());
        bencher.iter_batched(submit, prepare, BatchSize::PerIteration);
    });
    criterion.bench_function(&name("rebind"), |bencher| {
        let rebind = |()| black_box(job.rebind(&subject.term, &outputs).is_ok());
        bencher.iter_batched(submit, rebind, BatchSize::PerIteration);
    });
    for step in [10, STEPS - 1] {
        criterion.bench_function(&name(&format!("encode_at step {step}")), |bencher| {
            bencher.iter_batched(|| (), |()| record(gpu, &job, step), BatchSize::SmallInput);
        });
    }
    // The first recorded step makes the pipeline that writes the loss into the log. A filter of Criterion's may have left out
    // all steps above, so record one before the pipelines are counted.
    record(gpu, &job, 10);
    let pipelines = gpu.pipelines();
    // the first call prepares a job and the others reuse it; every call is submitted
    criterion.bench_function(&name("gradients"), |bencher| {
        bencher.iter(|| black_box(gpu.gradients(&subject.term, [&subject.differentiated]).is_ok()));
    });
    // the same submission by a prepared job, to show how much of the time is the driver's
    criterion.bench_function(&name("run"), |bencher| bencher.iter(|| black_box(job.run().is_ok())));
    record(gpu, &job, STEPS - 1);
    assert_eq!(gpu.pipelines(), pipelines, "steps make no pipelines");
    Ok(())
}

/// Records a step, and drops the command buffer without submitting it.
fn record(gpu: &Gpu, job: &Job, step: usize) {
    let mut encoder = gpu.device().create_command_encoder(&CommandEncoderDescriptor::default());
    let recorded = job.encode_at(&mut encoder.begin_compute_pass(&ComputePassDescriptor::default()), step);
    assert_eq!(recorded, Ok(()));
    drop(black_box(encoder.finish()));
}
