//! What a term came to, on the GPU until it is read.

use crate::error::{Error, Result};
use crate::gpu::context::Gpu;
use crate::gpu::tensor::{Memory, Tensor};
use crate::gpu::transfer::Read;
use crate::term::{PartOutcome, Row, not_reduced};
use std::sync::Arc;

/// What a term came to: its loss, the loss as a tensor, and its parts, on the GPU until they are read.
///
/// Where labels lay on the GPU and one was out of range, every read gives [`Error::LabelOutOfRange`].
#[derive(Clone, Debug)]
pub struct Outcome {
    pub(super) gpu: Gpu,
    pub(super) tensor: Tensor,
    pub(super) gradients: Vec<Tensor>,
    pub(super) verdict: Arc<Verdict>,
    pub(super) reduced: bool,
}

impl Outcome {
    /// The loss.
    ///
    /// # Errors
    /// The read gives [`Error::InvalidOption`] where the term is not reduced: its loss is [`tensor`](Self::tensor).
    pub fn loss(&self) -> Read<f32> {
        if !self.reduced {
            return Read::failed(&self.gpu, not_reduced());
        }
        let memory = self.verdict.memory.clone();
        Read::of_memory(&self.gpu, &memory, 4, Some(&self.verdict), |bytes| Ok(bytemuck::pod_read_unaligned(bytes)))
    }

    /// The loss as a tensor: of shape `[]`, or of the loss's shape where the term is not reduced.
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
            for (part, numbers) in verdict.parts.iter().zip(numbers.chunks_exact(4)) {
                let named = |name: String, sum: f32, denominator: f32| PartOutcome {
                    name,
                    sum: sum.into(),
                    denominator: denominator.into(),
                    weight: part.row.weight.into(),
                };
                parts.push(named(part.row.name.clone(), numbers[0], numbers[2]));
                if let Some(extra) = &part.row.extra {
                    parts.push(named(extra.clone(), numbers[1], numbers[3]));
                }
            }
            Ok(parts)
        })
    }

    /// The gradients, in the order asked for. Reading them here tells of bad labels, which a tensor of your own, given as an
    /// output, knows nothing of.
    pub fn gradients(&self) -> &[Tensor] {
        &self.gradients
    }
}

/// What tells whether a call's labels were good: the head of its outcome, the twin of `Outcome` in
/// `shaders/geometry/totals_outcome.wgsl`.
#[derive(Debug)]
pub(super) struct Verdict {
    pub memory: Arc<Memory>,
    pub parts: Vec<VerdictPart>,
}

/// What a verdict has to know of a row of a part.
#[derive(Clone, Debug)]
pub(super) struct VerdictPart {
    pub row: Row,
    pub loss: &'static str,
    pub operand: &'static str,
    pub count: u64,
    pub ignored: Option<i32>,
}

impl Verdict {
    /// The bytes of the outcome's head.
    pub const BYTES: u64 = 32;
    /// The bytes of each part after it.
    pub const PART_BYTES: u64 = 16;

    /// The head before anything has run: no part has a bad label.
    pub fn good() -> [u8; Verdict::BYTES as usize] {
        bytemuck::cast([0, u32::MAX, 0, 0, 0, 0, 0, 0])
    }

    pub fn buffer(&self) -> &wgpu::Buffer {
        &self.memory.buffer
    }

    /// Gives the first bad label as the error it is.
    pub fn judge(&self, head: &[u8]) -> Result<()> {
        let words: Vec<u32> = bytemuck::pod_collect_to_vec(head);
        let [_, part, position, low, high, ..] = words[..] else { return Ok(()) };
        match self.parts.get(part as usize) {
            None => Ok(()),
            Some(part) => Err(Error::LabelOutOfRange {
                loss: part.loss,
                operand: part.operand.into(),
                position: position.into(),
                value: ((u64::from(high) << 32) | u64::from(low)).cast_signed(),
                count: part.count,
                ignored: part.ignored,
            }),
        }
    }
}
