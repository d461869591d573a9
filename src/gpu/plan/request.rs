//! The request that a plan is made for: a part, where its results go, and what its kernels depend on. Plans ask it about the
//! part, so that a question has the same answer in all of them.

use super::stage::{Bound, Wanted};
use crate::broadcast::BroadcastAxis;
use crate::check::{Checked, Divisor};
use crate::gpu::shaders::Shader;
use crate::gpu::shaders::operand::sample_weight;
use crate::gpu::target::Target;
use crate::gpu::tensor::Tensor;
use crate::leaf::Leaf;
use crate::loss::Loss;
use crate::reduction::Reduction;
use crate::role::Role;
use crate::shape::DType;
use crate::term::{Observation, Operand, Part, Scale};

/// One of the losses of a walk. The numbers of the variants are the values of `WALK_LOSS` in `shaders/lib/totals.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum WalkLoss {
    /// The only loss.
    Only,
    /// The loss whose walk also computes a fused loss.
    Main,
    /// The fused loss.
    Fused,
}

/// Whether the parts' sums and denominators are also written to a tensor of the caller's. The outcome always holds them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum KeptSums {
    Nothing,
    /// The sums are stored in the caller's tensor.
    Stored,
    /// The sums are added to the caller's tensor.
    Added,
}

/// A part, and what its plan depends on.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub part: &'a Part<Tensor>,
    pub checked: &'a Checked,
    pub wanted: &'a [Wanted],
    /// The index of the part's first row in the outcome.
    pub first_outcome_row: usize,
    /// How many rows all parts have in the outcome, without their observations.
    pub outcome_rows: usize,
    /// The index of the part's first entry in the caller's tensor of sums.
    pub first_sums_entry: usize,
    pub sums: KeptSums,
    /// The index of the part's first observation in the outcome, and in the caller's tensor of sums.
    pub first_observed_row: usize,
    pub first_observed_entry: usize,
    /// The element of the caller's tensor that gets the term's loss. All parts have the same.
    pub loss_slot: usize,
    /// The most bytes of scratch memory. Walks over tiles, channels, windows, levels and alignments keep to it.
    pub workspace_bound: u64,
    /// Whether the statistics of a shard are wanted, rather than its loss.
    pub statistics: bool,
    /// Whether the mask, sample weights and upstream gradients of values are combined into one tensor, because kernels would
    /// otherwise bind too many buffers.
    pub combined: bool,
    pub target: &'a Target,
}

impl Request<'_> {
    pub(super) fn loss(&self) -> &dyn Loss {
        &*self.part.loss
    }

    /// The operand with this role, if it is given.
    pub(super) fn of_role(&self, role: Role) -> Option<&Tensor> {
        self.part.of_role(role)
    }

    /// The loss's constants, one for each element of the last axis, or for each level.
    pub(super) fn columns(&self) -> Option<Vec<f32>> {
        match self.loss().leaf() {
            Leaf::Pointwise(leaf) => leaf.columns().map(<[f32]>::to_vec),
            Leaf::Windows(leaf) if !leaf.levels().is_empty() => {
                Some(leaf.levels().iter().map(|&weight| weight as f32).collect())
            }
            _ => None,
        }
    }

    /// The losses that the walk computes.
    pub(super) fn walk_losses(&self) -> &'static [WalkLoss] {
        if self.checked.fused_divisor.is_some() { &[WalkLoss::Main, WalkLoss::Fused] } else { &[WalkLoss::Only] }
    }

    /// The denominator of one of the walk's losses.
    pub(super) fn divisor(&self, loss: WalkLoss) -> Divisor {
        self.checked.fused_divisor.filter(|_| loss == WalkLoss::Fused).unwrap_or(self.checked.divisor)
    }

    /// Whether the caller's denominator is a tensor with an element for each row that the part has in the outcome.
    pub(super) fn divides_each(&self) -> bool {
        matches!(&self.part.divide_by, Some(Scale::Tensor(tensor)) if tensor.len() > 1)
    }

    /// Whether the part has observations.
    pub(super) fn observes(&self) -> bool {
        !self.part.observations.is_empty()
    }

    /// Whether operands are inspected. A shard's statistics have no outcome that could report what an inspection finds.
    pub(super) fn inspects(&self) -> bool {
        !self.checked.inspections.is_empty() && !self.statistics
    }

    /// Whether each position has an observation of its own. A shard's statistics have none.
    pub(super) fn observes_positions(&self) -> bool {
        !self.statistics && self.asks(|asked| asked.of_positions())
    }

    /// Whether an observation compares every logit with the label's.
    pub(super) fn ranks(&self) -> bool {
        self.asks(|asked| matches!(asked, Observation::TopK(_)))
    }

    /// Whether an observation of this kind is asked for.
    pub(super) fn asks(&self, kind: fn(&Observation) -> bool) -> bool {
        self.part.observations.iter().any(kind)
    }

    /// Whether the part is a shard that is given the statistics of all shards.
    pub(super) fn among(&self) -> bool {
        self.part.among.is_some()
    }

    /// The gradient that overwrites its operand, if one does.
    pub(super) fn in_place(&self) -> Option<&Wanted> {
        self.wanted.iter().find(|wanted| wanted.in_place)
    }

    /// The outputs of gradients, each with its operand.
    pub(super) fn outputs(&self) -> Vec<(usize, &'static str)> {
        self.wanted.iter().map(|wanted| (wanted.output, wanted.operand)).collect()
    }

    pub(super) fn unreduced(&self) -> bool {
        self.part.reduction == Reduction::None
    }

    /// Whether each value has an upstream gradient of its own.
    pub(super) fn upstream_tensor(&self) -> bool {
        self.unreduced() && matches!(self.part.upstream, Scale::Tensor(_))
    }

    /// Whether values have sample weights. In a loss of regions, sample weights multiply positions instead.
    pub(super) fn samples(&self) -> bool {
        self.of_role(Role::SampleWeight).is_some() && !matches!(self.loss().leaf(), Leaf::Region(_))
    }

    /// The file that reads sample weights, if they are given.
    pub(super) fn sample_weights(&self) -> Option<Shader> {
        self.of_role(Role::SampleWeight)?;
        Some(match self.broadcast(Role::SampleWeight) {
            Some(_) => sample_weight::BROADCAST,
            None => sample_weight::GIVEN,
        })
    }

    /// Whether the positions of regions have a mask or sample weights.
    pub(super) fn weighs_positions(&self) -> bool {
        let given = |role| self.of_role(role).is_some();
        matches!(self.loss().leaf(), Leaf::Region(_)) && (given(Role::Mask) || given(Role::SampleWeight))
    }

    /// Whether a stage before the walk combines the mask, sample weight and upstream gradient of each value.
    pub(super) fn combines(&self) -> bool {
        self.combined || (self.samples() && self.upstream_tensor())
    }

    /// Whether stages before a walk over elements compute numbers that an item, a sequence or all elements share.
    pub(super) fn has_items(&self) -> bool {
        let given = |role| self.of_role(role).is_some();
        given(Role::Index) || given(Role::Averaged) || self.part.goes_by_sequences()
    }

    /// The axes along which the operand with this role is broadcast, if it is.
    pub(super) fn broadcast(&self, role: Role) -> Option<Vec<BroadcastAxis>> {
        self.loss().header().of_role(role).and_then(|spec| self.part.broadcast(spec))
    }

    /// The dtype that kernels have to be told of a tensor, or `None` if the type at its binding is fixed.
    pub(super) fn dtype(&self, bound: &Bound) -> Option<DType> {
        match (bound, &self.part.upstream, &self.part.divide_by) {
            (Bound::Operand(name), ..) => self.part.operand(name).map(Operand::dtype),
            (Bound::Output(output), ..) => {
                self.wanted.iter().find(|wanted| wanted.output == *output).map(|wanted| wanted.dtype)
            }
            (Bound::Statistics, ..) => self.part.among.as_ref().map(Operand::dtype),
            (Bound::Sum, ..) => Some(DType::F32),
            (Bound::Upstream, Scale::Tensor(tensor), _) | (Bound::DivideBy, _, Some(Scale::Tensor(tensor))) => {
                Some(tensor.dtype())
            }
            _ => None,
        }
    }
}
