//! Jobs of earlier calls, kept with their term, so that a call in a loop only records dispatches and prepares nothing again.

use crate::check;
use crate::error::Result;
use crate::gpu::context::Gpu;
use crate::gpu::job::Job;
use crate::gpu::outcome::Outcome;
use crate::gpu::outputs::{Gradient, Outputs};
use crate::gpu::tensor::Tensor;
use crate::term::{Operand, Part, Term};

/// How many jobs a term keeps: in a loop, the caller holds the results of the last step while the next one runs.
const MOST: usize = 2;

/// A job of an earlier call.
struct Recent {
    job: Job,
    gpu: Gpu,
    parts: Vec<Part<Tensor>>,
    of: Vec<Tensor>,
    workspace_bound: u64,
}

/// Evaluates a term of tensors, with a kept job if one fits and nobody holds its results.
pub(super) fn evaluate(gpu: &Gpu, term: &Term<Tensor>, of: &[&Tensor]) -> Result<(Outcome, Vec<Tensor>)> {
    let recent = match term.kept.take(|recent: &Recent| recent.fits(gpu, term, of), |recent| recent.job.is_shown()) {
        Some(recent) => recent,
        None => Recent {
            job: prepare(gpu, term, of)?,
            gpu: gpu.clone(),
            parts: term.parts.clone(),
            of: of.iter().map(|of| (*of).clone()).collect(),
            workspace_bound: gpu.workspace_bound(),
        },
    };
    let outcome = recent.job.run()?;
    term.kept.keep(Box::new(recent), MOST);
    let gradients = outcome.gradients().to_vec();
    Ok((outcome, gradients))
}

/// Prepares a term with new tensors for its gradients.
pub(super) fn prepare(gpu: &Gpu, term: &Term<Tensor>, of: &[&Tensor]) -> Result<Job> {
    // refuses before gradients are allocated
    check::term(term)?;
    check::differentiable(term, of)?;
    let store = |of: &&Tensor| Ok(Gradient::store(of, &gpu.zeros(of.shape().to_vec(), of.gradient_dtype())?));
    let gradients = of.iter().map(store).collect::<Result<_>>()?;
    gpu.prepare(term, &Outputs { gradients, ..Outputs::default() })
}

impl Recent {
    fn fits(&self, gpu: &Gpu, term: &Term<Tensor>, of: &[&Tensor]) -> bool {
        self.gpu.is(gpu)
            && self.workspace_bound == gpu.workspace_bound()
            && self.parts == term.parts
            && self.of.iter().eq(of.iter().copied())
            && self.job.is_free()
    }
}
