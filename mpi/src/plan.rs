//! How a piece is evaluated: what each rank first computes of its shard, what the ranks exchange, and how each rank then
//! evaluates its shard as a part of the whole.

use crate::comm::Comm;
use crate::error::{Error, Result};
use crate::gathered;
use crate::ring;
use crate::spread::Spread;
use wgloss::header::Role;
use wgloss::{Array, ClassAxis, Error as Refusal, Operand, PartOutcome, Scale, Tensor, Term};

/// A piece of a spread term: this rank's shard, and how the shards make a whole.
pub struct Shard<'a> {
    pub comm: &'a Comm,
    pub term: &'a Term<Tensor>,
    pub over: Spread,
}

/// The number of 8-byte words that a range of classes takes: its first class, its length, and the number of classes of all
/// ranks.
const RANGE: usize = 3;

/// The numbers that a rank computes of its shard of one loss, and that the ranks then exchange.
enum Own {
    /// Nothing: the reduction is a sum, or the caller gives the denominator.
    Nothing,
    /// The denominator of each part of the loss.
    Denominators(Vec<f64>),
    /// The statistics of this rank's classes or regions, and `range`, as the constant `RANGE` describes it (zeros for
    /// regions). `denominators` has one for each part where a region loss has a fused loss with a denominator of its own,
    /// and is empty otherwise.
    Statistics { numbers: Array, range: [usize; 3], denominators: Vec<f64> },
}

/// How a part's sum over all ranks is made: the ranks' sums are added up, or each rank already has the sum of the whole.
struct Merge {
    adds: bool,
    /// The denominator of the whole; `None` where rank 0's is the denominator of the whole.
    denominator: Option<f64>,
}

impl Shard<'_> {
    /// Returns the sums and denominators of the whole, and this rank's gradients.
    pub fn evaluate(&self, of: &[&Tensor]) -> Result<(Vec<PartOutcome>, Vec<Tensor>)> {
        let pairs = match self.over {
            Spread::Rows => gathered::evaluate,
            Spread::Ring => ring::evaluate,
            _ => return self.by_shards(of),
        };
        pairs(self.comm, self.term, of).map(|(part, gradients)| (vec![part], gradients))
    }

    /// Evaluates a piece under one of the spreads whose ranks exchange denominators or statistics once.
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
        let mut merges = Vec::new();
        let mut whole = Vec::new();
        for (loss, own) in losses.iter().zip(&own) {
            let gathered = read.next(own);
            if let Own::Statistics { .. } = own {
                contiguous(&gathered, self.over)?;
            }
            whole.push(self.whole(loss, own, &gathered, &mut merges));
        }
        let whole = whole.into_iter().collect::<wgloss::Result<Vec<_>>>();
        let made = whole.and_then(|terms| self.run(terms.into_iter().sum(), of));
        self.merge(made, &merges)
    }

    /// Computes the numbers of this rank's shard of a loss that the other ranks need.
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
                Ok(Own::Statistics { numbers, range: [first, classes(loss), of], denominators: Vec::new() })
            }
            Spread::Rows | Spread::Ring => Ok(Own::Nothing),
            Spread::Regions => {
                let numbers = gpu.statistics(loss)?.read().wait()?;
                let fuses = loss.part_names()?.len() > 1 && loss.has_own_denominators();
                let parts = if fuses { gpu.value(loss)?.parts().wait()? } else { Vec::new() };
                let denominators = parts.iter().map(|part| part.denominator).collect();
                Ok(Own::Statistics { numbers, range: [0; 3], denominators })
            }
        }
    }

    /// Returns the loss of this rank's shard, as a part of the whole. Adds to `merges` one entry for each part of the loss.
    fn whole(
        &self,
        loss: &Term<Tensor>,
        own: &Own,
        gathered: &[Gathered<'_>],
        merges: &mut Vec<Merge>,
    ) -> wgloss::Result<Term<Tensor>> {
        let gpu = &self.comm.gpu;
        let parts = loss.part_names()?.len();
        // from the statistics of all ranks, each rank computes the first part's sum of the whole; a fused loss is a later
        // part, of which each rank has only its shard's sum
        let adds = |part: usize| match own {
            Own::Statistics { .. } => self.over == Spread::Regions && part > 0,
            _ => true,
        };
        match own {
            Own::Nothing => {
                merges.extend((0..parts).map(|part| Merge { adds: adds(part), denominator: None }));
                Ok(loss.clone())
            }
            Own::Denominators(own) => {
                let sums = sums(gathered, 0, own.len());
                merges.extend(sums.iter().map(|&sum| Merge { adds: true, denominator: Some(sum) }));
                Ok(loss.clone().divide_by(self.divisors(&sums)?))
            }
            Own::Statistics { numbers, denominators, .. } => {
                let floats = |gathered: &Gathered<'_>| gathered.floats(RANGE + denominators.len());
                let all: Vec<f32> = gathered.iter().flat_map(floats).collect();
                let shape = [&[gathered.len()], numbers.shape()].concat();
                let term = loss.clone().among(&gpu.upload(&all, shape)?);
                // every rank has the denominator of the region loss, which counts the regions; those of a fused loss are
                // added up
                let mut whole = sums(gathered, RANGE, denominators.len());
                whole.iter_mut().zip(denominators).take(1).for_each(|(whole, own)| *whole = *own);
                let denominator = |part: usize| whole.get(part).copied();
                merges.extend((0..parts).map(|part| Merge { adds: adds(part), denominator: denominator(part) }));
                match self.over {
                    Spread::Classes { first, of } => Ok(term.classes_from(first, of)),
                    _ if whole.is_empty() => Ok(term),
                    _ => Ok(term.divide_by(self.divisors(&whole)?)),
                }
            }
        }
    }

    /// Returns denominators as a term takes them: one number if all are equal, otherwise a tensor.
    fn divisors(&self, of: &[f64]) -> wgloss::Result<Scale<Tensor>> {
        if of.iter().all(|number| *number == of[0]) {
            return Ok(Scale::Number(of[0] as f32));
        }
        let numbers: Vec<f32> = of.iter().map(|&number| number as f32).collect();
        Ok(Scale::Tensor(self.comm.gpu.upload(&numbers, [numbers.len()])?))
    }

    fn run(&self, term: Term<Tensor>, of: &[&Tensor]) -> wgloss::Result<(Vec<PartOutcome>, Vec<Tensor>)> {
        let (outcome, gradients) = self.comm.gpu.gradient_list(&term, of)?;
        Ok((outcome.parts().wait()?, gradients))
    }

    /// Makes the sums of the whole: adds up those of all shards, or takes rank 0's, so that all ranks have the same bits.
    fn merge(
        &self,
        made: wgloss::Result<(Vec<PartOutcome>, Vec<Tensor>)>,
        merges: &[Merge],
    ) -> Result<(Vec<PartOutcome>, Vec<Tensor>)> {
        let bytes = made.as_ref().map(|(parts, _)| {
            parts.iter().flat_map(|part| [part.sum, part.denominator]).flat_map(f64::to_le_bytes).collect()
        });
        let all = self.comm.agree(bytes.map_err(Clone::clone))?;
        let (mut parts, gradients) = made.map_err(|error| Error::Refused { rank: self.comm.rank(), error })?;
        let gathered: Vec<Gathered<'_>> = all.iter().map(|bytes| Gathered(bytes)).collect();
        for (k, (part, merge)) in parts.iter_mut().zip(merges).enumerate() {
            let sum = gathered.iter().map(|gathered| gathered.double(2 * k)).sum::<f64>();
            part.sum = if merge.adds { sum } else { gathered[0].double(2 * k) };
            part.denominator = merge.denominator.unwrap_or_else(|| gathered[0].double(2 * k + 1));
        }
        Ok((parts, gradients))
    }
}

impl Own {
    fn write(&self, into: &mut Vec<u8>) {
        match self {
            Own::Nothing => {}
            Own::Denominators(numbers) => into.extend(numbers.iter().flat_map(|number| number.to_le_bytes())),
            Own::Statistics { numbers, range, denominators } => {
                into.extend(range.iter().flat_map(|&end| (end as u64).to_le_bytes()));
                into.extend(denominators.iter().flat_map(|number| number.to_le_bytes()));
                into.extend(numbers.to_f32().iter().flat_map(|number| number.to_le_bytes()));
            }
        }
    }

    /// The number of bytes that `write` adds.
    fn bytes(&self) -> usize {
        match self {
            Own::Nothing => 0,
            Own::Denominators(numbers) => 8 * numbers.len(),
            Own::Statistics { numbers, denominators, .. } => 8 * (RANGE + denominators.len()) + 4 * numbers.len(),
        }
    }
}

/// The bytes that the ranks have sent, read loss by loss.
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

/// The bytes that one rank has sent of one loss.
struct Gathered<'a>(&'a [u8]);

impl Gathered<'_> {
    fn word(&self, k: usize) -> [u8; 8] {
        self.0[8 * k..8 * k + 8].try_into().unwrap_or_default()
    }

    fn double(&self, k: usize) -> f64 {
        f64::from_le_bytes(self.word(k))
    }

    /// The statistics, which follow the first `words` words.
    fn floats(&self, words: usize) -> Vec<f32> {
        self.0[8 * words..]
            .chunks_exact(4)
            .map(|word| f32::from_le_bytes(word.try_into().unwrap_or_default()))
            .collect()
    }
}

/// The sums over all ranks of `count` numbers from word `first` on.
fn sums(gathered: &[Gathered<'_>], first: usize, count: usize) -> Vec<f64> {
    (first..first + count).map(|k| gathered.iter().map(|gathered| gathered.double(k)).sum()).collect()
}

/// Refuses ranges of classes that together leave out a class, or contain a class twice.
fn contiguous(gathered: &[Gathered<'_>], over: Spread) -> Result<()> {
    let Spread::Classes { of, .. } = over else { return Ok(()) };
    let number = |gathered: &Gathered<'_>, k: usize| u64::from_le_bytes(gathered.word(k)) as usize;
    let mut ranges: Vec<[usize; 2]> = gathered.iter().map(|gathered| [0, 1].map(|k| number(gathered, k))).collect();
    ranges.sort_unstable();
    let mut end = 0;
    for &[first, count] in &ranges {
        if first != end {
            let held: Vec<String> = ranges.iter().map(|[first, count]| format!("{first}..{}", first + count)).collect();
            let held = held.join(", ");
            let reason =
                format!("no range of classes, or more than one, begins at class {end}: {held} of {of} classes");
            return Err(Error::Shards { reason });
        }
        end += count;
    }
    if end == of {
        return Ok(());
    }
    Err(Error::Shards { reason: format!("they have {end} classes in all, expected {of}") })
}

/// The number of classes that this rank holds.
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
