//! How a piece is evaluated: what each rank computes of its shard first, what travels, and what each rank computes then.

use crate::comm::Comm;
use crate::error::{Error, Result};
use crate::gathered;
use crate::ring;
use crate::spread::Spread;
use wgloss::header::Role;
use wgloss::{Array, ClassAxis, Error as Refusal, Operand, PartOutcome, Scale, Tensor, Term};

/// A piece of a spread term: this rank's shard, and how the shards make a whole.
pub struct Shards<'a> {
    pub comm: &'a Comm,
    pub term: &'a Term<Tensor>,
    pub over: Spread,
}

/// What a rank finds out about its shard of one loss, before the ranks exchange it.
enum Own {
    /// Nothing: the loss is a sum, or has a given denominator.
    Nothing,
    /// The denominator of each of its sums.
    Denominators(Vec<f64>),
    /// The statistics of its classes or regions; the range of classes, and how many there are in all.
    Statistics { numbers: Array, range: [usize; 3] },
}

impl Shards<'_> {
    /// The sums and denominators of the whole, and this rank's gradients.
    pub fn evaluate(&self, of: &[&Tensor]) -> Result<(Vec<PartOutcome>, Vec<Tensor>)> {
        let pairs = match self.over {
            Spread::Rows => gathered::evaluate,
            Spread::Ring => ring::evaluate,
            _ => return self.by_shards(of),
        };
        pairs(self.comm, self.term, of).map(|(part, gradients)| (vec![part], gradients))
    }

    /// The same for spreads whose ranks exchange denominators or statistics once.
    fn by_shards(&self, of: &[&Tensor]) -> Result<(Vec<PartOutcome>, Vec<Tensor>)> {
        let losses = self.term.terms();
        let own = losses.iter().map(|loss| self.own(loss)).collect::<wgloss::Result<Vec<Own>>>();
        let mut travels = Vec::new();
        for own in own.iter().flatten() {
            own.write(&mut travels);
        }
        let all = self.comm.agree(own.as_ref().map(|_| travels).map_err(Clone::clone))?;
        let own = own.map_err(|error| Error::Refused { rank: self.comm.rank(), error })?;
        if all.iter().any(|bytes| bytes.len() != all[0].len()) {
            let lengths: Vec<usize> = all.iter().map(|bytes| bytes.len() / 8).collect();
            let reason =
                format!("the ranks have {lengths:?} numbers for their statistics, so their rows or regions differ");
            return Err(Error::Shards { reason });
        }
        let mut read = Read { all: &all, at: 0 };
        let mut denominators = Vec::new();
        let mut whole = Vec::new();
        for (loss, own) in losses.iter().zip(&own) {
            let gathered = read.next(own);
            if let Own::Statistics { .. } = own {
                contiguous(&gathered, self.over)?;
            }
            whole.push(self.whole(loss, own, &gathered, &mut denominators));
        }
        let whole = whole.into_iter().collect::<wgloss::Result<Vec<_>>>();
        let made = whole.and_then(|terms| self.run(terms.into_iter().sum(), of));
        self.merge(made, &denominators)
    }

    /// What this rank's shard of a loss has to tell.
    fn own(&self, loss: &Term<Tensor>) -> wgloss::Result<Own> {
        let gpu = &self.comm.gpu;
        if !loss.loss_shape()?.is_empty() {
            return Err(unreduced(loss));
        }
        match self.over {
            Spread::Batch => match loss.has_own_denominators() {
                false => Ok(Own::Nothing),
                true => {
                    let parts = gpu.value(loss)?.parts().wait()?;
                    Ok(Own::Denominators(parts.iter().map(|part| part.denominator).collect()))
                }
            },
            Spread::Classes { first, of } => {
                let numbers = gpu.statistics(&loss.clone().classes_from(first, of))?.read().wait()?;
                Ok(Own::Statistics { numbers, range: [first, classes(loss), of] })
            }
            Spread::Rows | Spread::Ring => Ok(Own::Nothing),
            Spread::Regions => Ok(Own::Statistics { numbers: gpu.statistics(loss)?.read().wait()?, range: [0; 3] }),
        }
    }

    /// The loss of this rank's shard, as a part of the whole. Adds the denominators of the whole to `denominators`, where
    /// the shards' sums add up.
    fn whole(
        &self,
        loss: &Term<Tensor>,
        own: &Own,
        gathered: &[Gathered<'_>],
        denominators: &mut Vec<Option<f64>>,
    ) -> wgloss::Result<Term<Tensor>> {
        let gpu = &self.comm.gpu;
        match own {
            Own::Nothing => {
                denominators.extend(loss.part_names()?.iter().map(|_| None));
                Ok(loss.clone())
            }
            Own::Denominators(own) => {
                let sum = |k: usize| gathered.iter().map(|gathered| gathered.double(k)).sum::<f64>();
                let sums: Vec<f64> = (0..own.len()).map(sum).collect();
                denominators.extend(sums.iter().map(|&sum| Some(sum)));
                let by = if sums.iter().all(|sum| *sum == sums[0]) {
                    Scale::Number(sums[0] as f32)
                } else {
                    let numbers: Vec<f32> = sums.iter().map(|&sum| sum as f32).collect();
                    Scale::Tensor(gpu.upload(&numbers, [numbers.len()])?)
                };
                Ok(loss.clone().divide_by(by))
            }
            Own::Statistics { numbers, .. } => {
                let all: Vec<f32> = gathered.iter().flat_map(Gathered::floats).collect();
                let shape = [&[gathered.len()], numbers.shape()].concat();
                let all = gpu.upload(&all, shape)?;
                Ok(match self.over {
                    Spread::Classes { first, of } => loss.clone().classes_from(first, of).among(&all),
                    _ => loss.clone().among(&all),
                })
            }
        }
    }

    fn run(&self, term: Term<Tensor>, of: &[&Tensor]) -> wgloss::Result<(Vec<PartOutcome>, Vec<Tensor>)> {
        let (outcome, gradients) = self.comm.gpu.gradient_list(&term, of)?;
        Ok((outcome.parts().wait()?, gradients))
    }

    /// Adds the sums of all shards, or takes the whole's from rank 0, so that all ranks have the same bits.
    fn merge(
        &self,
        made: wgloss::Result<(Vec<PartOutcome>, Vec<Tensor>)>,
        denominators: &[Option<f64>],
    ) -> Result<(Vec<PartOutcome>, Vec<Tensor>)> {
        let bytes = made.as_ref().map(|(parts, _)| {
            parts.iter().flat_map(|part| [part.sum, part.denominator]).flat_map(f64::to_le_bytes).collect()
        });
        let all = self.comm.agree(bytes.map_err(Clone::clone))?;
        let (mut parts, gradients) = made.map_err(|error| Error::Refused { rank: self.comm.rank(), error })?;
        let gathered: Vec<Gathered<'_>> = all.iter().map(|bytes| Gathered(bytes)).collect();
        for (k, part) in parts.iter_mut().enumerate() {
            let adds = self.over == Spread::Batch;
            let sum = gathered.iter().map(|gathered| gathered.double(2 * k)).sum::<f64>();
            part.sum = if adds { sum } else { gathered[0].double(2 * k) };
            let own = denominators.get(k).copied().flatten();
            part.denominator = own.unwrap_or_else(|| gathered[0].double(2 * k + 1));
        }
        Ok((parts, gradients))
    }
}

impl Own {
    fn write(&self, into: &mut Vec<u8>) {
        match self {
            Own::Nothing => {}
            Own::Denominators(numbers) => into.extend(numbers.iter().flat_map(|number| number.to_le_bytes())),
            Own::Statistics { numbers, range } => {
                into.extend(range.iter().flat_map(|&end| (end as u64).to_le_bytes()));
                into.extend(numbers.to_f32().iter().flat_map(|number| number.to_le_bytes()));
            }
        }
    }

    /// How many bytes it writes.
    fn bytes(&self) -> usize {
        match self {
            Own::Nothing => 0,
            Own::Denominators(numbers) => 8 * numbers.len(),
            Own::Statistics { numbers, .. } => 24 + 4 * numbers.len(),
        }
    }
}

/// What the ranks have sent, read loss by loss.
struct Read<'a> {
    all: &'a [Vec<u8>],
    at: usize,
}

impl<'a> Read<'a> {
    fn next(&mut self, own: &Own) -> Vec<Gathered<'a>> {
        let range = self.at..self.at + own.bytes();
        self.at = range.end;
        self.all.iter().map(|bytes| Gathered(&bytes[range.clone()])).collect()
    }
}

/// What one rank has sent of one loss.
struct Gathered<'a>(&'a [u8]);

impl Gathered<'_> {
    fn word(&self, k: usize) -> [u8; 8] {
        self.0[8 * k..8 * k + 8].try_into().unwrap_or_default()
    }

    fn double(&self, k: usize) -> f64 {
        f64::from_le_bytes(self.word(k))
    }

    /// The statistics, which stand after the range of classes.
    fn floats(&self) -> Vec<f32> {
        self.0[24..].chunks_exact(4).map(|word| f32::from_le_bytes(word.try_into().unwrap_or_default())).collect()
    }
}

/// Refuses ranges of classes that leave one out, or have one twice.
fn contiguous(gathered: &[Gathered<'_>], over: Spread) -> Result<()> {
    let Spread::Classes { of, .. } = over else { return Ok(()) };
    let number = |gathered: &Gathered<'_>, k: usize| u64::from_le_bytes(gathered.word(k)) as usize;
    let mut ranges: Vec<[usize; 2]> = gathered.iter().map(|gathered| [0, 1].map(|k| number(gathered, k))).collect();
    ranges.sort_unstable();
    let mut end = 0;
    for &[first, count] in &ranges {
        if first != end {
            let reason = format!("no range of classes, or more than one, begins at class {end}: {ranges:?} of {of}");
            return Err(Error::Shards { reason });
        }
        end += count;
    }
    if end == of {
        return Ok(());
    }
    Err(Error::Shards { reason: format!("the classes of all ranks are {end} of {of}") })
}

/// How many classes this rank's operands hold.
fn classes(loss: &Term<Tensor>) -> usize {
    let of = |role: Role| {
        let mut operands = loss.operands();
        operands.find_map(|(loss, name, tensor)| (loss.header().operand(name)?.role == role).then(|| tensor.clone()))
    };
    let (projection, input) = (of(Role::Projection), of(Role::Classes));
    match (projection, input) {
        (Some(projection), _) => projection.shape().first().copied().unwrap_or(0),
        (_, Some(input)) if input.class_axis() == ClassAxis::Last => input.shape().last().copied().unwrap_or(0),
        (_, Some(input)) => input.shape().get(1).copied().unwrap_or(0),
        _ => 0,
    }
}

fn unreduced(loss: &Term<Tensor>) -> Refusal {
    Refusal::InvalidOption {
        loss: loss.operands().next().map_or("term", |(loss, ..)| loss.header().id),
        option: "reduction".into(),
        value: "none".into(),
        expected: "a reduction, for a loss over many ranks".into(),
    }
}
