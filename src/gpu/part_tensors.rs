//! Which tensor of a call each binding of a part's plan gets.

use crate::gpu::bind::Bindable;
use crate::gpu::memory::Memory;
use crate::gpu::outputs::Outputs;
use crate::gpu::plan::Bound;
use crate::gpu::tensor::Tensor;
use crate::term::{Observation, Part, Scale};

/// The tensors that a part reads, and those that it writes.
pub(super) struct PartTensors<'a> {
    pub part: &'a Part<Tensor>,
    pub outputs: &'a Outputs,
    /// The f32 sum of a gradient, in a plan that rounds this sum to 16 bits.
    pub sum: Option<&'a Tensor>,
    /// The tensor for the reduced loss. If the term is not reduced, kernels still write it, and nothing reads it.
    pub loss: &'a Tensor,
    /// The tensor for the unreduced loss; the same as `loss` if the term is reduced.
    pub losses: &'a Tensor,
    /// The part's observations that are tensors, with these tensors.
    pub observed: Vec<(Observation, &'a Tensor)>,
    /// The statistics of all shards, or the tensor for this shard's statistics.
    pub statistics: Option<&'a Tensor>,
    pub outcome: &'a Memory,
}

impl Bindable for PartTensors<'_> {
    fn name(&self) -> &str {
        &self.part.name
    }

    fn tensor(&self, bound: &Bound) -> Option<&Tensor> {
        match *bound {
            Bound::Operand(name) => Some(self.part.operand(name).unwrap_or_else(|| unreachable!("{name} is bound"))),
            Bound::Upstream => Some(of_scale(Some(&self.part.upstream))),
            Bound::DivideBy => Some(of_scale(self.part.divide_by.as_ref())),
            Bound::Output(output) => Some(&self.outputs.gradients[output].into),
            Bound::Sum => self.sum,
            Bound::Losses => Some(self.losses),
            Bound::Loss => Some(self.loss),
            Bound::PartSums => self.outputs.parts.as_ref().map(|parts| &parts.into),
            Bound::Observed(observation) => {
                self.observed.iter().find(|(own, _)| *own == observation).map(|(_, tensor)| *tensor)
            }
            Bound::Statistics => self.statistics,
            Bound::Params | Bound::Outcome | Bound::Columns | Bound::Broadcast | Bound::Scratch(_) => None,
        }
    }

    fn outcome(&self) -> &Memory {
        self.outcome
    }
}

fn of_scale(scale: Option<&Scale<Tensor>>) -> &Tensor {
    match scale {
        Some(Scale::Tensor(tensor)) => tensor,
        _ => unreachable!("a plan binds a scale only where it is a tensor"),
    }
}
