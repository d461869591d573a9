//! Losses of all pairs around a ring: keys go from rank to rank, so that no rank ever holds all of them.
//!
//! The keys go round twice. Those of one rank stay together. In the first round each rank computes the statistics of its rows
//! against the keys of each rank. Merged, these give the losses of its rows. In the second round each rank adds to the
//! gradient of the keys that visit it. This gradient travels behind its keys, and with one more exchange reaches the rank
//! that owns them. The GPU computes during the exchanges.
//!
//! A rank with an error computes nothing more, but still passes keys on, so that no other rank waits for it.

use crate::bytes;
use crate::comm::Comm;
use crate::error::Result;
use crate::line::Exchange;
use crate::pairs::{Batch, Direction, Gradients, Sums, travelling};
use crate::spread::Spread;
use wgloss::{DType, Gradient, Operand, Outputs, PartOutcome, Tensor, Term};

/// Returns the sum and denominator of the whole, and this rank's gradients.
pub fn evaluate(comm: &Comm, term: &Term<Tensor>, of: &[&Tensor]) -> Result<(PartOutcome, Vec<Tensor>)> {
    let batch = Batch::gather(comm, term, Spread::Ring)?;
    let directions = comm.all_or_none(Direction::of(term, &batch))?;
    let mut rings = Vec::new();
    for direction in &directions {
        let keys = travelling(&direction.keys);
        let mut keys = comm.all_or_none(keys.map(|keys| vec![keys]))?;
        rings.push(Ring { comm, batch: &batch, direction, keys: keys.remove(0) });
    }
    let (mut merged, mut failed) = (Vec::new(), None);
    for ring in &rings {
        match ring.statistics()? {
            Ok(statistics) => merged.push(statistics),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    let merged = failed.map_or(Ok(merged), Err);
    let sums = merged.as_ref().map_err(Clone::clone).and_then(|merged| {
        let parts = rings.iter().zip(merged).map(|(ring, all)| ring.value(all));
        Ok(Sums::of(parts.collect::<wgloss::Result<_>>()?))
    });
    let adds = term.has_own_denominators();
    let part = Sums::gather(comm, sums, adds)?;
    let merged = comm.all_or_none(merged)?;
    if of.is_empty() {
        return Ok((part, Vec::new()));
    }
    let mut gradients = Gradients::new(comm, of);
    let mut made = Ok(());
    for (ring, all) in rings.iter().zip(&merged) {
        let divide_by = adds.then_some(part.denominator as f32);
        made = made.and(ring.gradients(all, divide_by, of, &mut gradients)?);
    }
    let gradients = made.and_then(|()| gradients.finish());
    Ok((part, comm.all_or_none(gradients)?))
}

/// One direction, whose keys go around the ring.
struct Ring<'a> {
    comm: &'a Comm,
    batch: &'a Batch,
    direction: &'a Direction,
    /// This rank's keys, as the bytes that are sent.
    keys: (Vec<u8>, DType),
}

impl Ring<'_> {
    /// The rank whose keys are here after `step` exchanges.
    fn visiting(&self, step: usize) -> usize {
        (self.comm.rank() + self.comm.size() - step % self.comm.size()) % self.comm.size()
    }

    /// Whether this rank has rows and rank `of` has keys.
    fn computes(&self, of: usize) -> bool {
        self.batch.counts[self.comm.rank()] > 0 && self.batch.counts[of] > 0
    }

    /// Uploads the keys of rank `of`. Their gradient is f32, since the ranks add it up.
    fn visiting_keys(&self, bytes: &[u8], of: usize) -> wgloss::Result<Tensor> {
        let shape = [self.batch.counts[of], self.batch.width];
        Ok(self.comm.gpu.upload_array(&bytes::to_array(bytes, self.keys.1, &shape)?)?.f32_gradient())
    }

    /// Goes round once, and calls `visit` with the keys of each rank and the number of this rank. The next keys are received
    /// while `visit` computes.
    fn round(&self, mut visit: impl FnMut(&[u8], usize) -> Result<()>) -> Result<()> {
        let mut here = self.keys.0.clone();
        for step in 0..self.comm.size() {
            let last = step + 1 == self.comm.size();
            let coming = (!last).then(|| self.comm.line.begin(Exchange::Pass(here.clone())));
            visit(&here, self.visiting(step))?;
            if let Some(coming) = coming {
                here = coming.wait(self.comm.timeout)?.remove(0).bytes;
            }
        }
        Ok(())
    }

    /// Returns the statistics of this rank's rows against each rank's keys, stacked in the order of the ranks. Ranks
    /// without keys are left out.
    fn statistics(&self) -> Result<wgloss::Result<Vec<Tensor>>> {
        let mut of_ranks: Vec<Option<Vec<f32>>> = vec![None; self.comm.size()];
        let mut made = Ok(());
        self.round(|bytes, of| {
            if made.is_ok() && self.computes(of) {
                let numbers = self.visiting_keys(bytes, of).and_then(|visiting_keys| {
                    let term = self.direction.against(&visiting_keys, self.batch, self.comm.rank(), of);
                    Ok(self.comm.gpu.statistics(&term)?.read().wait()?.to_f32())
                });
                made = numbers.map(|numbers| of_ranks[of] = Some(numbers));
            }
            Ok(())
        })?;
        let stack = || {
            let shards: Vec<Vec<f32>> = of_ranks.into_iter().flatten().collect();
            let rows = self.batch.counts[self.comm.rank()];
            let all = self.comm.gpu.upload(&shards.concat(), [shards.len(), rows, 8])?;
            Ok(vec![all])
        };
        Ok(made.and_then(|()| stack()))
    }

    /// Returns the sum and the denominator of this rank's rows.
    fn value(&self, all: &[Tensor]) -> wgloss::Result<PartOutcome> {
        let (rank, gpu) = (self.comm.rank(), &self.comm.gpu);
        let own_keys = self.visiting_keys(&self.keys.0, rank)?;
        let term = self.direction.against(&own_keys, self.batch, rank, rank);
        // a rank without rows has an empty sum, for which it needs no statistics
        let term = match all.first().filter(|all| all.shape()[0] > 0) {
            Some(all) => term.among(all),
            None => term.among(&gpu.empty([1, 0, 8])?),
        };
        Ok(gpu.value(&term)?.parts().wait()?.remove(0))
    }

    /// Adds the gradients of this rank's operands to `gradients`.
    fn gradients(
        &self,
        all: &[Tensor],
        divide_by: Option<f32>,
        of: &[&Tensor],
        gradients: &mut Gradients<'_>,
    ) -> Result<wgloss::Result<()>> {
        let gpu = &self.comm.gpu;
        let wants_keys = gradients.wants(&self.direction.keys);
        let mut sums = OwnSums { ring: self, sums: Vec::new(), of };
        let mut made = Ok(());
        // the exchange of the gradient that belongs to the next keys
        let mut going = None;
        let size = self.comm.size();
        self.round(|bytes, of_rank| {
            let length = self.batch.counts[of_rank] * self.batch.width;
            let mut own = vec![0.0; length];
            if made.is_ok() && self.computes(of_rank) {
                let share = self.visiting_keys(bytes, of_rank).and_then(|visiting_keys| {
                    let term = self.direction.against(&visiting_keys, self.batch, self.comm.rank(), of_rank);
                    let term = term.among(&all[0]);
                    let term = divide_by.into_iter().fold(term, Term::divide_by);
                    sums.add(gpu, &term, wants_keys.then_some(&visiting_keys), gradients)
                });
                made = share.map(|share| own = share.unwrap_or(own.clone()));
            }
            if wants_keys {
                // a rank adds to what the ranks before it have computed; the owner of the keys is the first
                if let Some(coming) = going.take() {
                    let coming: crate::line::Pending<'_> = coming;
                    let before = bytes::floats(&coming.wait(self.comm.timeout)?.remove(0).bytes);
                    own.iter_mut().zip(before).for_each(|(own, before)| *own += before);
                }
                going = Some(self.comm.line.begin(Exchange::Pass(bytes::of_floats(&own))));
            }
            Ok(())
        })?;
        if let Some(coming) = going {
            let back = coming.wait(self.comm.timeout)?.remove(0).bytes;
            debug_assert_eq!(self.visiting(size), self.comm.rank());
            gradients.add_numbers(&self.direction.keys, &bytes::floats(&back));
        }
        for (operand, sum) in &sums.sums {
            gradients.add(operand, sum);
        }
        Ok(made)
    }
}

/// The gradients of the operands that stay on this rank, summed on the GPU over the keys of all ranks.
struct OwnSums<'a> {
    ring: &'a Ring<'a>,
    of: &'a [&'a Tensor],
    /// Each operand with the sum of its gradients.
    sums: Vec<(Tensor, Tensor)>,
}

impl OwnSums<'_> {
    /// Adds the gradients that the visiting keys give. Returns the gradient of these keys themselves, where they are given.
    fn add(
        &mut self,
        gpu: &wgloss::Gpu,
        term: &Term<Tensor>,
        visiting_keys: Option<&Tensor>,
        gradients: &Gradients<'_>,
    ) -> wgloss::Result<Option<Vec<f32>>> {
        let direction = self.ring.direction;
        let other_operands = direction.other_operands(term, self.of).into_iter().map(|(_, tensor)| tensor);
        let rows = gradients.wants(&direction.rows).then_some(&direction.rows);
        let mut outputs = Vec::new();
        for operand in rows.into_iter().chain(other_operands) {
            let known = self.sums.iter().find(|(known, _)| Operand::is(known, operand)).map(|(_, sum)| sum.clone());
            outputs.push(match known {
                Some(sum) => Gradient::add(operand, &sum),
                None => {
                    let sum = gpu.empty(operand.shape())?;
                    self.sums.push((operand.clone(), sum.clone()));
                    Gradient::store(operand, &sum)
                }
            });
        }
        let of_keys = visiting_keys.map(|keys| Ok((keys, gpu.empty(keys.shape())?))).transpose()?;
        outputs.extend(of_keys.iter().map(|(keys, into)| Gradient::store(keys, into)));
        if outputs.is_empty() {
            return Ok(None);
        }
        gpu.prepare(term, &Outputs { gradients: outputs, ..Outputs::default() })?.run()?;
        of_keys.map(|(_, into)| Ok(into.read().wait()?.to_f32())).transpose()
    }
}
