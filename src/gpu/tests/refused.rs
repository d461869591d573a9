//! A refusal by the device while a job is prepared or run is a typed error, after which the context works as before. The
//! device of these tests does nothing, and the seam refuses in its place. No real device can be made to run out of memory at a
//! job's last buffer, which has a few hundred bytes, or to report an internal error for a valid kernel.

use crate::gpu::seam::Refusal;
use crate::gpu::target::Target;
use crate::gpu::{Gpu, Gradient, Outputs, Tensor};
use crate::{DiceCrossEntropy, Error, Result, Term};

/// Each refusal, and the kind of its error.
const REFUSALS: [(Refusal, &str); 2] = [(Refusal::OutOfMemory, "out_of_memory"), (Refusal::Internal, "gpu")];

/// A context, and a call with a workspace, a gradient and several kernels.
fn call() -> Result<(Gpu, Term<Tensor>, Outputs)> {
    let gpu = Gpu::noop(Target::ALL[2]);
    let (x, t) = (gpu.upload(&[0.5f32; 12], [2, 3, 2])?, gpu.upload(&[0u8; 4], [2, 2])?);
    let gradients = vec![Gradient::store(&x, &gpu.empty_like(&x)?)];
    Ok((gpu, DiceCrossEntropy::default().of(&x, &t), Outputs { gradients, ..Outputs::default() }))
}

/// Makes the device refuse the `n`th call from here on, counted from 0.
fn refuse(gpu: &Gpu, n: usize, refusal: Refusal) {
    gpu.seam().refuse(gpu.seam().calls() + n, refusal);
}

fn kind<T>(result: Result<T>) -> &'static str {
    result.map(drop).as_ref().map_or_else(Error::kind, |()| "ok")
}

#[test]
fn each_buffer_pipeline_and_binding_of_a_job_may_be_refused() {
    let (gpu, term, outputs) = call().expect("a call");
    let before = gpu.seam().calls();
    gpu.prepare(&term, &outputs).expect("nothing is refused");
    let count = gpu.seam().calls() - before;
    assert!(count > 12, "a job makes buffers, pipelines and bindings: {count}");
    for (n, (refusal, expected)) in (0..count).flat_map(|n| REFUSALS.map(|refusal| (n, refusal))) {
        let (gpu, term, outputs) = call().expect("a call");
        let memory = gpu.memory();
        refuse(&gpu, n, refusal);
        assert_eq!(kind(gpu.prepare(&term, &outputs)), expected, "{refusal:?} at {n} of {count}");
        assert_eq!(gpu.memory(), memory, "{refusal:?} at {n}: what the refused job had made is gone");
        let job = gpu.prepare(&term, &outputs).unwrap_or_else(|error| panic!("{refusal:?} at {n}: afterwards {error}"));
        assert_eq!(kind(job.run()), "ok", "{refusal:?} at {n}");
    }
}

#[test]
fn a_submission_may_be_refused() {
    for (refusal, expected) in REFUSALS {
        let (gpu, term, outputs) = call().expect("a call");
        let job = gpu.prepare(&term, &outputs).expect("a job");
        refuse(&gpu, 0, refusal);
        assert_eq!((kind(job.run()), kind(job.run())), (expected, "ok"), "{refusal:?}");
    }
}
