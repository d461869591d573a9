//! Losses of all pairs where every rank gathers all keys. The gradients of the keys are sent back to the ranks that hold
//! the keys.

use crate::bytes;
use crate::comm::Comm;
use crate::error::{Error, Result};
use crate::line::Exchange;
use crate::pairs::{Batch, Direction, Gradients, Sums, travelling};
use crate::spread::Spread;
use wgloss::{DType, PartOutcome, Tensor, Term};

/// Returns the sum and denominator of the whole, and this rank's gradients.
pub fn evaluate(comm: &Comm, term: &Term<Tensor>, of: &[&Tensor]) -> Result<(PartOutcome, Vec<Tensor>)> {
    let batch = Batch::gather(comm, term, Spread::Rows)?;
    let first = batch.first(comm.rank());
    let directions = comm.all_or_none(Direction::of(term, &batch))?;
    let mut all_keys = Vec::new();
    for direction in &directions {
        all_keys.push(gather(comm, &batch, &direction.keys)?);
    }
    let terms = || directions.iter().zip(&all_keys).map(|(direction, keys)| direction.against_all(keys, first));
    let sums = terms().map(|term| Ok(comm.gpu.value(&term)?.parts().wait()?.remove(0))).collect();
    let adds = term.has_own_denominators();
    let part = Sums::gather(comm, wgloss::Result::map(sums, Sums::of), adds)?;
    if of.is_empty() {
        return Ok((part, Vec::new()));
    }
    let mut gradients = Gradients::new(comm, of);
    for ((direction, keys), term) in directions.iter().zip(&all_keys).zip(terms()) {
        let term = if adds { term.divide_by(part.denominator as f32) } else { term };
        let other_operands = direction.other_operands(&term, of);
        let (rows, others) = (gradients.wants(&direction.rows), gradients.wants(&direction.keys));
        let asked = [rows.then_some(&direction.rows), others.then_some(keys)];
        let asked: Vec<&Tensor> =
            asked.into_iter().flatten().chain(other_operands.iter().map(|(_, tensor)| *tensor)).collect();
        let got = comm.all_or_none(comm.gpu.gradient_list(&term, &asked).map(|(_, gradients)| gradients))?;
        let mut got = got.into_iter();
        if rows && let Some(gradient) = got.next() {
            gradients.add(&direction.rows, &gradient);
        }
        if others {
            let gradient = got.next();
            let read = gradient.map(|gradient| gradient.read().wait()).transpose();
            let read = comm.all_or_none(read.map(|read| vec![read]))?.remove(0);
            let sum = scatter(comm, &batch, &read.map(|read| read.to_f32()).unwrap_or_default())?;
            gradients.add_numbers(&direction.keys, &sum);
        }
        other_operands.iter().zip(got).for_each(|((_, tensor), gradient)| gradients.add(tensor, &gradient));
    }
    let finished = comm.all_or_none(gradients.finish())?;
    Ok((part, finished))
}

/// Returns the keys of all ranks. Their gradient is f32, since the ranks add it up.
fn gather(comm: &Comm, batch: &Batch, own: &Tensor) -> Result<Tensor> {
    let sent = travelling(own);
    let dtype = sent.as_ref().map_or(DType::F32, |(_, dtype)| *dtype);
    let all = comm.agree(sent.map(|(bytes, _)| bytes))?.concat();
    let whole = bytes::to_array(&all, dtype, &[batch.all(), batch.width]).and_then(|all| comm.gpu.upload_array(&all));
    let mut whole = comm.all_or_none(whole.map(|whole| vec![whole.f32_gradient()]))?;
    Ok(whole.remove(0))
}

/// Returns the gradient of this rank's keys, summed over all ranks. `gradient` is this rank's gradient of all keys.
fn scatter(comm: &Comm, batch: &Batch, gradient: &[f32]) -> Result<Vec<f32>> {
    let of = |rank: usize| {
        let first = batch.width * batch.first(rank);
        bytes::of_floats(&gradient[first..first + batch.width * batch.counts[rank]])
    };
    if gradient.len() != batch.width * batch.all() {
        return Err(Error::Shards { reason: "a rank has no gradient of the keys".into() });
    }
    let own = comm.exchange(Exchange::AllToAll((0..comm.size()).map(of).collect()))?;
    let shares: Vec<Vec<f32>> = own.iter().map(|share| bytes::floats(&share.bytes)).collect();
    let sum = |at: usize| shares.iter().map(|share| f64::from(share[at])).sum::<f64>() as f32;
    Ok((0..batch.width * batch.counts[comm.rank()]).map(sum).collect())
}
