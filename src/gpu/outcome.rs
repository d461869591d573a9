//! The results of a term, which stay on the GPU until they are read.

use crate::gpu::context::Gpu;
use crate::gpu::tensor::Tensor;
use crate::gpu::transfer::Read;
use crate::gpu::verdict::Verdict;
use crate::term::{PartOutcome, not_reduced};
use std::sync::Arc;

/// The results of a term: its loss, the loss as a tensor, its parts, its gradients and its observations. They stay on the GPU
/// until they are read.
///
/// A read gives the results of the job's last run. It gives [`Error::NotRun`](crate::Error::NotRun) if a recorded run
/// has not finished, and [`Error::LabelOutOfRange`](crate::Error::LabelOutOfRange) if a label on the GPU was out of
/// range in that run.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub(super) gpu: Gpu,
    pub(super) tensor: Tensor,
    pub(super) gradients: Vec<Tensor>,
    pub(super) observed: Vec<(String, Tensor)>,
    pub(super) verdict: Arc<Verdict>,
    pub(super) reduced: bool,
}

impl Outcome {
    /// The loss.
    ///
    /// # Errors
    /// The read gives [`Error::InvalidOption`](crate::Error::InvalidOption) if the term is not reduced. Then use
    /// [`tensor`](Self::tensor).
    pub fn loss(&self) -> Read<f32> {
        if !self.reduced {
            return Read::failed(&self.gpu, not_reduced());
        }
        let memory = self.verdict.memory.clone();
        Read::of_memory(&self.gpu, &memory, 4, Some(&self.verdict), |bytes| Ok(bytemuck::pod_read_unaligned(bytes)))
    }

    /// The loss as a tensor. Its shape is `[]`, or the loss's shape if the term is not reduced.
    pub fn tensor(&self) -> &Tensor {
        &self.tensor
    }

    /// The parts of the term, in order.
    pub fn parts(&self) -> Read<Vec<PartOutcome>> {
        let verdict = self.verdict.clone();
        let bytes = Verdict::BYTES + Verdict::PART_BYTES * verdict.parts.len() as u64;
        Read::of_memory(&self.gpu, &self.verdict.memory, bytes, Some(&self.verdict), move |bytes| {
            let numbers: Vec<f32> = bytemuck::pod_collect_to_vec(&bytes[Verdict::BYTES as usize..]);
            let mut parts = Vec::new();
            for (part, numbers) in verdict.parts.iter().zip(numbers.chunks_exact(5)) {
                let named = |name: String, sum: f32, denominator: f32| PartOutcome {
                    name,
                    sum: sum.into(),
                    denominator: denominator.into(),
                    weight: numbers[4].into(),
                };
                parts.push(named(part.row.name.clone(), numbers[0], numbers[2]));
                if let Some(extra) = &part.row.extra {
                    parts.push(named(extra.clone(), numbers[1], numbers[3]));
                }
            }
            Ok(parts)
        })
    }

    /// The gradients, in the order asked for. Reads of these tensors report bad labels; reads of the tensors that you
    /// gave as outputs do not.
    pub fn gradients(&self) -> &[Tensor] {
        &self.gradients
    }

    /// The [observations](crate::Observation) that are tensors, with a number for each position, and their names, such as
    /// `cross_entropy.predicted`. They are in the order of the parts, and within a part in the order of its observations. Reads
    /// of these tensors report bad labels.
    pub fn observed(&self) -> &[(String, Tensor)] {
        &self.observed
    }
}
