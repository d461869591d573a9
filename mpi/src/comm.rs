//! The ranks, and the calls that evaluate a term on all of them.

use crate::error::{Error, Result};
use crate::line::{Exchange, Line, Traffic};
use crate::outcome::Outcome;
use crate::plan::Shard;
use crate::spread::SpreadTerm;
use std::time::Duration;
use wgloss::{Gpu, Tensor, Term, ToGpu};

/// All ranks of an MPI program, each with its own GPU.
///
/// Every rank makes the same calls in the same order. Dropping the `Comm` ends MPI, unless a call has given
/// [`Error::PeerLost`].
pub struct Comm {
    pub(crate) gpu: Gpu,
    pub(crate) line: Line,
    pub(crate) timeout: Duration,
}

impl Comm {
    /// Starts MPI. `mpirun` starts the program once for each rank, and each of these processes may call `start` once. Where
    /// a node has several GPUs, choose this rank's by a variable that your MPI sets, such as `OMPI_COMM_WORLD_LOCAL_RANK`.
    ///
    /// # Errors
    /// [`Error::NotStarted`].
    pub fn start(gpu: Gpu) -> Result<Comm> {
        Ok(Comm { gpu, line: Line::start()?, timeout: Duration::from_secs(60) })
    }

    /// The number of this rank. The first rank is 0.
    pub fn rank(&self) -> usize {
        self.line.rank()
    }

    /// The number of ranks.
    pub fn size(&self) -> usize {
        self.line.size()
    }

    /// This rank's GPU.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// Sets how long each exchange between ranks waits before the call gives [`Error::PeerLost`]. The default is 60 s. A
    /// call makes several exchanges, and the slowest rank may compute for a while between two of them: the timeout has to
    /// be longer.
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    /// The traffic of this rank since the last call of this method.
    pub fn traffic(&self) -> Traffic {
        self.line.traffic()
    }

    /// The loss of all ranks' shards together.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Differs`], [`Error::Shards`], [`Error::PeerLost`].
    pub fn value<T: ToGpu>(&self, term: &SpreadTerm<T>) -> Result<Outcome> {
        self.gradient_list(term, &[]).map(|(outcome, _)| outcome)
    }

    /// The loss of all ranks' shards together, and its gradients with respect to this rank's operands `of`.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Differs`], [`Error::Shards`], [`Error::PeerLost`].
    pub fn gradients<T: ToGpu, const N: usize>(
        &self,
        term: &SpreadTerm<T>,
        of: [&T; N],
    ) -> Result<(Outcome, [Tensor; N])> {
        let (outcome, gradients) = self.gradient_list(term, &of)?;
        Ok((outcome, gradients.try_into().expect("one gradient for each operand")))
    }

    /// [`gradients`](Self::gradients) for a number of operands that is only known at run time.
    ///
    /// # Errors
    /// As [`gradients`](Self::gradients).
    pub fn gradient_list<T: ToGpu>(&self, term: &SpreadTerm<T>, of: &[&T]) -> Result<(Outcome, Vec<Tensor>)> {
        let uploaded = self.upload(term, of);
        self.agree_on_call(uploaded.as_ref().map(|_| term.said()).map_err(Clone::clone))?;
        // where a rank has an error, `agree_on_call` has refused the call on every rank
        let (pieces, of) = uploaded.map_err(|error| Error::Refused { rank: self.rank(), error })?;
        let (mut parts, mut gradients) = (Vec::new(), vec![Vec::new(); of.len()]);
        for (place, (term, over)) in pieces.iter().enumerate() {
            // an operand that no piece has is asked of the first piece, which refuses it
            let has =
                |of: &Tensor, (term, _): &(Term<Tensor>, _)| term.operands().any(|(.., operand)| same(operand, of));
            let asked: Vec<usize> = (0..of.len())
                .filter(|&k| {
                    has(&of[k], &pieces[place]) || (place == 0 && !pieces.iter().any(|piece| has(&of[k], piece)))
                })
                .collect();
            let wanted: Vec<&Tensor> = asked.iter().map(|&k| &of[k]).collect();
            let (outcome, got) = Shard { comm: self, term, over: *over }.evaluate(&wanted)?;
            parts.extend(outcome);
            asked.into_iter().zip(got).for_each(|(k, gradient)| gradients[k].push(gradient));
        }
        let added = gradients.into_iter().map(|gradients| self.added(gradients)).collect();
        let gradients = self.all_or_none(added)?;
        Ok((Outcome::of(parts), gradients))
    }

    /// Returns the bytes that each rank passes, in the order of the ranks. They may have different lengths.
    ///
    /// # Errors
    /// [`Error::PeerLost`].
    pub fn gather(&self, own: &[u8]) -> Result<Vec<Vec<u8>>> {
        self.agree(Ok(own.to_vec()))
    }

    /// Adds up each number over the ranks, for example the gradients of a network that every rank has. The numbers are
    /// added in the order of the ranks, so that the sums have the same bits on every rank and in every run.
    ///
    /// # Errors
    /// [`Error::Shards`] where the ranks give different counts of numbers; [`Error::PeerLost`].
    pub fn sum(&self, numbers: &mut [f32]) -> Result<()> {
        let lengths = self.gather(&numbers.len().to_le_bytes())?;
        if lengths.iter().any(|length| *length != lengths[0]) {
            return Err(Error::Shards { reason: "they have different counts of numbers to add up".into() });
        }
        let sums = self.gather(&self.sum_of_share(numbers)?)?.concat();
        numbers.iter_mut().zip(sums.chunks_exact(4)).for_each(|(number, sum)| *number = float(sum));
        Ok(())
    }

    /// Returns the sums of one range of the numbers, which this rank adds up. The ranges of all ranks have the same length,
    /// but the last ones may be shorter or empty.
    fn sum_of_share(&self, numbers: &[f32]) -> Result<Vec<u8>> {
        let share = numbers.len().div_ceil(self.size()).max(1);
        let bytes = |numbers: &[f32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        let mut shares: Vec<Vec<u8>> = numbers.chunks(share).map(bytes).collect();
        shares.resize(self.size(), Vec::new());
        let own = self.exchange(Exchange::AllToAll(shares))?;
        let count = own[0].bytes.len() / 4;
        let sum = |at: usize| own.iter().map(|own| f64::from(float(&own.bytes[4 * at..4 * at + 4]))).sum::<f64>();
        Ok((0..count).flat_map(|at| (sum(at) as f32).to_le_bytes()).collect())
    }

    /// The term and `of` on the GPU, each operand uploaded once.
    fn upload<T: ToGpu>(&self, term: &SpreadTerm<T>, of: &[&T]) -> wgloss::Result<Uploaded> {
        let mut known: Vec<(T, Tensor)> = Vec::new();
        let mut upload = |operand: &T| {
            if let Some((_, tensor)) = known.iter().find(|(known, _)| known.is(operand)) {
                return Ok(tensor.clone().with_class_axis(operand.class_axis()));
            }
            let tensor = operand.to_gpu(&self.gpu)?;
            known.push((operand.clone(), tensor.clone()));
            Ok(tensor)
        };
        let pieces = term.pieces.iter().map(|(term, over)| Ok((term.map(&mut upload)?, *over)));
        let pieces = pieces.collect::<wgloss::Result<Vec<_>>>()?;
        let of = of.iter().map(|operand| upload(operand)).collect::<wgloss::Result<Vec<_>>>()?;
        Ok((pieces, of))
    }

    /// Returns the sum of the gradients that several pieces have of one operand.
    fn added(&self, mut gradients: Vec<Tensor>) -> wgloss::Result<Tensor> {
        if gradients.len() == 1 {
            return Ok(gradients.remove(0));
        }
        let read = gradients.iter().map(|gradient| Ok(gradient.read().wait()?.to_f64()));
        let sums = read.collect::<wgloss::Result<Vec<Vec<f64>>>>()?;
        let sum = (0..gradients[0].len()).map(|at| sums.iter().map(|sum| sum[at]).sum::<f64>()).collect::<Vec<_>>();
        let sum = wgloss::Array::new(&sum, gradients[0].shape())?;
        self.gpu.upload_array(&sum.cast(gradients[0].dtype()))
    }

    /// Returns what this rank made if no rank had an error, otherwise the error of the lowest rank that had one.
    pub(crate) fn all_or_none<X>(&self, made: wgloss::Result<Vec<X>>) -> Result<Vec<X>> {
        self.agree(made.as_ref().map(|_| Vec::new()).map_err(Clone::clone))?;
        made.map_err(|error| Error::Refused { rank: self.rank(), error })
    }
}

type Uploaded = (Vec<(Term<Tensor>, crate::Spread)>, Vec<Tensor>);

fn float(bytes: &[u8]) -> f32 {
    f32::from_le_bytes(bytes.try_into().unwrap_or_default())
}

/// Whether two tensors are the same memory.
pub(crate) fn same(a: &Tensor, b: &Tensor) -> bool {
    wgloss::Operand::is(a, b)
}
