//! Cases: a loss with everything that its plan depends on, on tensors that have shapes but no memory. Tests of plans
//! enumerate cases, and fuzzing draws them.

use crate::check;
use crate::error::Result;
use crate::gpu::Gpu;
use crate::gpu::matrices::Matrices;
#[cfg(test)]
use crate::gpu::plan::rounding;
use crate::gpu::plan::{KeptSums, Plan, Request, Wanted, assert_kept, plan};
use crate::gpu::target::{self, Target};
use crate::gpu::tensor::Tensor;
use crate::leaf::Leaf;
use crate::loss::{Loss, OperandSpec};
use crate::options::{Kind, OptionType, Value};
use crate::reduction::Reduction;
use crate::role::{Axis, Role, Sizes};
use crate::shape::{ClassAxis, DType};
use crate::term::{Observation, Term};
use std::sync::OnceLock;

/// The dtypes that floats and labels can have on the GPU.
pub(crate) const FLOATS: &[DType] = &[DType::F32, DType::F16, DType::BF16];
pub(crate) const LABELS: &[DType] = &[DType::I32, DType::U32, DType::U8, DType::I64];

/// The matrices of drivers: of llvmpipe with vectors of 256 and 512 bits, of NVIDIA, and of subgroups that are as wide as a
/// tile.
pub(crate) const MATRICES: [Matrices; 4] = [
    Matrices { side: 8, lanes: (8, 8) },
    Matrices { side: 8, lanes: (16, 16) },
    Matrices { side: 16, lanes: (32, 32) },
    Matrices { side: 16, lanes: (64, 64) },
];

/// A device that does nothing, with WebGPU's default limits.
pub(crate) fn noop() -> &'static Gpu {
    static NOOP: OnceLock<Gpu> = OnceLock::new();
    NOOP.get_or_init(|| {
        let (device, queue) = wgpu::Device::noop(&wgpu::DeviceDescriptor::default());
        Gpu::from_wgpu(device, queue)
    })
}

/// A loss with everything that its plan depends on.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub default: fn() -> Box<dyn Loss>,
    pub options: Vec<(&'static str, Value)>,
    pub reduction: Reduction,
    pub shape: Vec<usize>,
    pub axis: ClassAxis,
    /// The dtype of targets, labels and indices.
    pub target: DType,
    /// The dtype of all other operands.
    pub floats: DType,
    /// The dtype of the operands that may hold floats or integers, if it differs from `floats`.
    pub integers: Option<DType>,
    /// Whether operands have the other shape that a loss allows: weights and columns are broadcast along axis 0, sample
    /// weights of elements are given for each item, and a mask has a number for each element.
    pub other_shapes: bool,
    /// Whether the numbers of operands are inspected.
    pub checked: bool,
    /// The optional operands that are given.
    pub optional: Vec<&'static str>,
    pub upstream_tensor: bool,
    pub divide_by_tensor: bool,
    pub gradients: Gradients,
    /// The length of every axis that does not follow from the prediction.
    pub free: usize,
    pub workspace_bound: u64,
    pub shard: Shard,
    /// The observations beside the loss.
    pub observations: &'static [Observation],
    pub on_cpu: bool,
    /// The lanes of every subgroup, if the target has subgroup operations.
    pub subgroup: Option<u32>,
    /// The matrices of f16 that a GPU multiplies, if there are any.
    pub matrices: Option<Matrices>,
    pub small: bool,
    pub binding_limit: u64,
}

/// What to plan of a batch that may be spread over devices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Shard {
    /// The whole batch.
    Whole,
    /// The statistics of one shard.
    Statistics,
    /// The loss of one shard, given the statistics of three shards.
    Among,
}

/// The gradients to compute, for every differentiable operand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Gradients {
    None,
    Store,
    Add,
    /// Only the gradient of the prediction, which overwrites it.
    InPlace,
}

impl Case {
    /// A loss with default options and no optional operands.
    pub fn new(loss: &dyn Loss, shape: &[usize]) -> Case {
        Case {
            default: loss.header().default,
            options: Vec::new(),
            reduction: Reduction::Mean,
            shape: shape.to_vec(),
            axis: ClassAxis::Second,
            target: DType::I32,
            floats: DType::F32,
            integers: None,
            other_shapes: false,
            checked: false,
            optional: Vec::new(),
            upstream_tensor: false,
            divide_by_tensor: false,
            gradients: Gradients::None,
            free: 1000,
            workspace_bound: 128 << 20,
            shard: Shard::Whole,
            observations: &[],
            on_cpu: false,
            subgroup: None,
            matrices: None,
            small: false,
            binding_limit: 128 << 20,
        }
    }

    /// The loss with its options.
    pub fn loss(&self) -> Box<dyn Loss> {
        let mut loss = (self.default)();
        for (name, value) in &self.options {
            let place = loss.specs().iter().position(|spec| spec.name == *name).expect("an option of the loss");
            assert!(loss.set_at(place, value), "{name} is {value}");
        }
        for (place, _) in loss.specs().iter().enumerate().filter(|(_, spec)| spec.kind == Kind::Numbers) {
            // one number for each index of the last axis
            let length = self.shape.last().copied().unwrap_or(1);
            assert!(loss.set_at(place, &Value::Numbers(vec![0.5; length])));
        }
        loss
    }

    /// The plan of the loss.
    #[cfg(test)]
    pub fn plan(&self, gpu: &Gpu) -> Result<Plan> {
        self.requested(gpu, plan)
    }

    /// Plans the loss, and checks the invariants of plans.
    ///
    /// # Panics
    /// If an invariant does not hold.
    pub fn kept_plan(&self, gpu: &Gpu) -> Result<Plan> {
        self.requested(gpu, |request| {
            let plan = plan(request)?;
            assert_kept(self, request, &plan);
            Ok(plan)
        })
    }

    /// The plan of the loss, and the plan that rounds the first gradient if that is stored in 16 bits. A call needs the
    /// second plan only for an operand in several places of a term.
    #[cfg(test)]
    pub fn plans(&self, gpu: &Gpu) -> Result<(Plan, Option<Plan>)> {
        self.requested(gpu, |request| {
            let first = request.wanted.first().filter(|wanted| wanted.dtype != DType::F32 && !wanted.in_place);
            let round = |first: &Wanted| {
                let elements = request.part.operand(first.operand).map_or(0, Tensor::len);
                rounding(&Request { wanted: &[*first], ..*request }, elements)
            };
            Ok((plan(request)?, first.map(round).transpose()?))
        })
    }

    /// Calls `make` with the request for this case.
    fn requested<R>(&self, gpu: &Gpu, make: impl FnOnce(&Request<'_>) -> Result<R>) -> Result<R> {
        let loss = self.loss();
        let header = loss.header();
        let sizes = Sizes::new(&*loss, &self.shape, self.axis, self.target.is_float());
        let operands: Vec<(&str, Tensor)> = header
            .operands
            .iter()
            .filter(|spec| !spec.optional || self.optional.contains(&spec.name))
            .map(|spec| (spec.name, self.operand(gpu, spec, &sizes)))
            .collect();
        let options = [("reduction", self.reduction.get())];
        let mut term = Term::from_options(loss, options, operands.iter().map(|(name, tensor)| (*name, tensor)))?;
        if self.upstream_tensor {
            let whole = self.reduction == Reduction::None;
            let shape = if whole { sizes.values } else { vec![1] };
            term = term.upstream(&gpu.claim(shape, self.floats));
        }
        for observation in self.observations {
            term = term.observe(*observation);
        }
        if self.checked {
            term = term.checked();
        }
        if self.divide_by_tensor {
            term = term.divide_by(&gpu.claim([1], self.floats));
        }
        if self.shard != Shard::Whole && term.parts.iter().any(|part| matches!(part.loss.leaf(), Leaf::Similarity(_))) {
            // all rows, against a shard that holds the last keys
            let keys = self.shape[0];
            let all = 2 * keys.max(self.free);
            term = term.keys_from(all - keys, all);
        }
        if self.shard == Shard::Among {
            let (_, _, shape) = check::statistics(&term)?;
            term = term.among(&gpu.claim([&[3], &shape[..]].concat(), DType::F32));
        }
        let (part, checked) = match self.shard {
            Shard::Statistics => check::statistics(&term).map(|(part, checked, _)| (part, checked))?,
            _ => {
                let (term, mut checked) = check::term(&term)?;
                (term.parts[0].clone(), checked.remove(0))
            }
        };
        let wanted = self.wanted();
        make(&Request {
            part: &part,
            checked: &checked,
            wanted: &wanted,
            first_outcome_row: 0,
            outcome_rows: 1,
            first_sums_entry: 0,
            first_observed_row: 1,
            first_observed_entry: 2,
            loss_slot: 0,
            // tied to two other settings, since kernels for every combination would be too many
            sums: match (self.divide_by_tensor, self.upstream_tensor) {
                (true, false) => KeptSums::Stored,
                (true, true) => KeptSums::Added,
                _ => KeptSums::Nothing,
            },
            workspace_bound: self.workspace_bound,
            statistics: self.shard == Shard::Statistics,
            combined: false,
            target: &self.target(),
        })
    }

    /// The target that is planned for.
    fn target(&self) -> Target {
        let kind = if self.on_cpu { target::Kind::Cpu } else { target::Kind::Gpu };
        let of_kind = Target::new(kind, self.small);
        Target { subgroup: self.subgroup, matrices: self.matrices, binding_limit: self.binding_limit, ..of_kind }
    }

    /// The gradients to compute, each with its own output.
    pub fn wanted(&self) -> Vec<Wanted> {
        let header = (self.default)().header();
        let given = |spec: &&OperandSpec| !spec.optional || self.optional.contains(&spec.name);
        let differentiable = header.operands.iter().filter(|spec| spec.gradient).filter(given);
        let add = match self.gradients {
            _ if self.shard == Shard::Statistics => return Vec::new(),
            Gradients::None => return Vec::new(),
            Gradients::Store | Gradients::InPlace => false,
            Gradients::Add => true,
        };
        let in_place = self.gradients == Gradients::InPlace;
        let most = if in_place { 1 } else { usize::MAX };
        differentiable
            .take(most)
            .enumerate()
            .map(|(output, spec)| Wanted { operand: spec.name, output, add, dtype: self.floats, in_place })
            .collect()
    }

    fn operand(&self, gpu: &Gpu, spec: &OperandSpec, sizes: &Sizes) -> Tensor {
        let length = |axis| if let Axis::Of(length) | Axis::AtMost(length) = axis { length } else { self.free };
        let of_elements = matches!(self.loss().leaf(), Leaf::Pointwise(_));
        let shape: Vec<usize> = match spec.role {
            Role::Weight | Role::Column if self.other_shapes => [&[1], &self.shape[1..]].concat(),
            Role::SampleWeight if self.other_shapes && of_elements => self.shape[..1].to_vec(),
            Role::Mask if self.other_shapes => self.shape.clone(),
            role => sizes.shape(role).into_iter().map(length).collect(),
        };
        let target = matches!(spec.role, Role::Target) || spec.role.is_integer();
        let floats = self.integers.filter(|_| spec.integers || spec.role == Role::Mask).unwrap_or(self.floats);
        gpu.claim(shape, if target { self.target } else { floats }).with_class_axis(self.axis)
    }
}
