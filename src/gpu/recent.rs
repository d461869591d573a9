//! Jobs of earlier calls, kept with their term, so that a call in a loop records dispatches instead of preparing them again.

use crate::check;
use crate::error::Result;
use crate::gpu::context::Gpu;
use crate::gpu::job::Job;
use crate::gpu::outcome::Outcome;
use crate::gpu::outputs::{Gradient, Outputs};
use crate::gpu::tensor::Tensor;
use crate::term::{Operand, Part, Scale, Term};

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
    let recent = match term.kept.take(|recent: &Recent| recent.fits(gpu, term, of)) {
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

fn prepare(gpu: &Gpu, term: &Term<Tensor>, of: &[&Tensor]) -> Result<Job> {
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
            && self.parts.len() == term.parts.len()
            && self.parts.iter().zip(&term.parts).all(|(own, other)| is_same_part(own, other))
            && self.of.len() == of.len()
            && self.of.iter().zip(of).all(|(own, other)| is_same(own, other))
            && self.job.is_free()
    }
}

/// Whether two parts ask for the same thing of the same memory.
fn is_same_part(own: &Part<Tensor>, other: &Part<Tensor>) -> bool {
    // every field, so that a new one is not forgotten
    let Part {
        name,
        weight,
        share,
        loss,
        operands,
        reduction,
        upstream,
        divide_by,
        rows_from,
        classes_from,
        beside,
        among,
        varying,
    } = own;
    let numbers = |part: &Part<Tensor>| part.varying.iter().map(|one| one.number.clone()).collect::<Vec<_>>();
    let sources = |part: &Part<Tensor>| part.varying.iter().map(|one| one.from.clone()).collect::<Vec<_>>();
    (name, reduction, rows_from, classes_from, beside)
        == (&other.name, &other.reduction, &other.rows_from, &other.classes_from, &other.beside)
        && [weight, share].map(|number| number.to_bits()) == [other.weight, other.share].map(f32::to_bits)
        && std::sync::Arc::ptr_eq(loss, &other.loss)
        && operands.len() == other.operands.len()
        && operands.iter().zip(&other.operands).all(|(own, other)| own.0 == other.0 && is_same(&own.1, &other.1))
        && is_same_scale(Some(upstream), Some(&other.upstream))
        && is_same_scale(divide_by.as_ref(), other.divide_by.as_ref())
        && is_same_option(among.as_ref(), other.among.as_ref())
        && varying.len() == other.varying.len()
        && numbers(own) == numbers(other)
        && sources(own).iter().zip(&sources(other)).all(|(a, b)| is_same_option(a.as_ref(), b.as_ref()))
}

fn is_same(own: &Tensor, other: &Tensor) -> bool {
    let form = |tensor: &Tensor| (tensor.class_axis(), tensor.gradient_dtype());
    own.is(other) && own.shape() == other.shape() && form(own) == form(other)
}

fn is_same_option(own: Option<&Tensor>, other: Option<&Tensor>) -> bool {
    match (own, other) {
        (None, None) => true,
        (Some(own), Some(other)) => is_same(own, other),
        _ => false,
    }
}

fn is_same_scale(own: Option<&Scale<Tensor>>, other: Option<&Scale<Tensor>>) -> bool {
    match (own, other) {
        (Some(Scale::Number(own)), Some(Scale::Number(other))) => own.to_bits() == other.to_bits(),
        (Some(Scale::Tensor(own)), Some(Scale::Tensor(other))) => is_same(own, other),
        (None, None) => true,
        _ => false,
    }
}
