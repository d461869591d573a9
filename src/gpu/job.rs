//! A prepared term: everything made once, to be recorded as often as wanted.

use crate::check;
use crate::error::{Error, Result};
use crate::gpu::context::Gpu;
use crate::gpu::kernel::{Declared, Kernel, Pipeline};
use crate::gpu::outcome::{Outcome, Verdict, VerdictPart};
use crate::gpu::params::Params;
use crate::gpu::plan::{Bound, Plan, Request, Stage, Wanted, plan};
use crate::gpu::tensor::{Memory, Tensor};
use crate::gpu::transfer::Read;
use crate::reduction::Reduction;
use crate::shape::DType;
use crate::term::{Operand, Part, Row, Scale, Term};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// Where a prepared job writes.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// Where the loss goes: for a reduced term any f32 tensor, of which one element is written; otherwise one of the loss's
    /// shape. The job makes its own where there is none.
    pub loss: Option<Tensor>,
    /// The element of `loss` that a reduced term writes: a place in a log of your own.
    pub slot: usize,
    /// The gradients, each with a tensor of its own to go to.
    pub gradients: Vec<Gradient>,
}

/// A gradient that is wanted.
#[derive(Clone, Debug)]
pub struct Gradient {
    /// The operand to differentiate with respect to.
    pub of: Tensor,
    /// Where the gradient goes: of the operand's shape, and of its dtype or f32.
    pub into: Tensor,
    /// Whether it is added to what is there, as for gradient accumulation; of 16 bits, each sum is rounded.
    pub add: bool,
}

impl Gradient {
    /// A gradient that is stored.
    pub fn store(of: &Tensor, into: &Tensor) -> Gradient {
        Gradient { of: of.clone(), into: into.clone(), add: false }
    }

    /// A gradient that is added to what is there.
    pub fn add(of: &Tensor, into: &Tensor) -> Gradient {
        Gradient { add: true, ..Gradient::store(of, into) }
    }
}

/// A prepared term, which owns its parameters, bind groups and workspace.
///
/// [`encode`](Self::encode) records dispatches alone into your own compute pass: no copy, clear, write, submission or
/// read. What they write stays as it was until you submit. Labels that lay on the GPU are vouched for by what the job's
/// [`outcome`](Self::outcome) reads, and by [`check`](Self::check).
#[derive(Clone, Debug)]
pub struct Job {
    gpu: Gpu,
    dispatches: Arc<[Dispatch]>,
    outcome: Outcome,
    workspace: u64,
    /// What the bind groups bind: it lives as long as they do, and is counted as long as it lives.
    _held: Arc<(Term<Tensor>, Outputs, Vec<Memory>)>,
}

#[derive(Debug)]
struct Dispatch {
    pipeline: Arc<Pipeline>,
    group: wgpu::BindGroup,
    grid: [u32; 2],
}

impl Job {
    pub(super) fn new(gpu: &Gpu, term: &Term<Tensor>, outputs: &Outputs) -> Result<Job> {
        gpu.alive()?;
        let (taken_apart, checked) = check::term(term)?;
        let of: Vec<&Tensor> = outputs.gradients.iter().map(|gradient| &gradient.of).collect();
        check::differentiable(term, &of)?;
        let unreduced = taken_apart.parts.iter().zip(&checked).find(|(part, _)| part.reduction == Reduction::None);
        let loss_shape = unreduced.map(|(_, checked)| checked.loss_shape.clone());
        outputs.check(term, loss_shape.as_deref())?;
        let term = &taken_apart;

        let loss = match (&outputs.loss, &loss_shape) {
            (Some(tensor), _) => tensor.clone(),
            (None, shape) => gpu.empty(shape.clone().unwrap_or_default())?,
        };
        let rows: Vec<Vec<Row>> = term.parts.iter().map(Part::rows).collect();
        let number_of_rows = rows.iter().map(|rows| rows.len() as u64).sum::<u64>();
        let scratch = |label: &str, bytes, contents: Option<&[u8]>| {
            Memory::new(gpu, label, bytes, contents, wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC)
        };
        let bytes = Verdict::BYTES + Verdict::PART_BYTES * number_of_rows;
        let outcome = Arc::new(scratch("wgloss outcome", bytes, Some(&Verdict::good()))?);
        let mut workspace = outcome.bytes;
        let number = gpu.empty([])?;
        let mut held = Vec::new();
        let mut written = vec![false; outputs.gradients.len()];
        let (mut dispatches, mut verdicts) = (Vec::new(), Vec::new());
        for ((part, checked), rows) in term.parts.iter().zip(&checked).zip(rows) {
            let place = verdicts.len();
            let wanted = wanted(part, outputs, &mut written);
            let slot = if loss_shape.is_some() { 0 } else { outputs.slot };
            let workspace_bound = gpu.workspace_bound();
            let plan = plan(&Request { part, checked, wanted: &wanted, place, slot, workspace_bound })?;
            let mut memories = Vec::new();
            for (name, bytes) in &plan.scratch {
                // a workspace begins with scales of 1, which only some plans overwrite
                let ones: &[u8] = bytemuck::cast_slice(&[1.0f32; 4]);
                let memory = scratch("wgloss workspace", *bytes, (*name == "workspace").then_some(ones))?;
                workspace += memory.bytes;
                memories.push((*name, memory));
            }
            if let Some(columns) = &plan.columns {
                let bytes: &[u8] = bytemuck::cast_slice(columns);
                memories.push(("columns", scratch("wgloss columns", bytes.len() as u64, Some(bytes))?));
            }
            let binder = Binder {
                gpu,
                part,
                plan: &plan,
                memories: &memories,
                outputs,
                // an unreduced term's loss is a tensor: its sum goes nowhere but to the outcome
                loss: if loss_shape.is_some() { &number } else { &loss },
                losses: &loss,
                outcome: &outcome,
            };
            let (made, params) = binder.dispatches()?;
            dispatches.extend(made);
            held.extend(memories.into_iter().map(|(_, memory)| memory));
            held.push(params);
            verdicts.extend(rows.into_iter().map(|row| verdict_part(part, checked, row)));
        }
        let verdict = Arc::new(Verdict { memory: outcome, parts: verdicts });
        let tensor = loss.with_verdict(verdict.clone());
        let vouched = |gradient: &Gradient| gradient.into.clone().with_verdict(verdict.clone());
        let gradients = outputs.gradients.iter().map(vouched).collect();
        let outcome = Outcome { gpu: gpu.clone(), tensor, gradients, verdict, reduced: loss_shape.is_none() };
        let held = Arc::new((term.clone(), Outputs { loss: Some(number), ..outputs.clone() }, held));
        Ok(Job { gpu: gpu.clone(), dispatches: dispatches.into(), outcome, workspace, _held: held })
    }

    /// Records the job into a compute pass: dispatches alone.
    pub fn encode(&self, pass: &mut wgpu::ComputePass<'_>) {
        for dispatch in &*self.dispatches {
            pass.set_pipeline(&dispatch.pipeline.pipeline);
            pass.set_bind_group(0, &dispatch.group, &[]);
            pass.dispatch_workgroups(dispatch.grid[0], dispatch.grid[1], 1);
        }
    }

    /// Runs the job in a submission of its own.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::Gpu`].
    pub fn run(&self) -> Result<Outcome> {
        self.gpu.scoped(|| {
            let mut encoder = self.gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            self.encode(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default()));
            self.gpu.queue().submit([encoder.finish()]);
        })?;
        Ok(self.outcome())
    }

    /// What the job comes to, as of the last time it ran.
    pub fn outcome(&self) -> Outcome {
        self.outcome.clone()
    }

    /// Whether the labels were good when the job last ran, for those who read nothing through this library.
    ///
    /// # Errors
    /// The read gives [`Error::LabelOutOfRange`] where one was not.
    pub fn check(&self) -> Read<()> {
        let verdict = &self.outcome.verdict;
        Read::of_memory(&self.gpu, &verdict.memory, 0, Some(verdict), |_| Ok(()))
    }

    /// The number of dispatches that [`encode`](Self::encode) records.
    pub fn dispatches(&self) -> usize {
        self.dispatches.len()
    }

    /// The bytes of workspace that the job holds.
    pub fn workspace(&self) -> u64 {
        self.workspace
    }
}

/// The gradients that a part contributes to, the first contribution being stored unless the caller adds.
fn wanted(part: &Part<Tensor>, outputs: &Outputs, written: &mut [bool]) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for (output, gradient) in outputs.gradients.iter().enumerate() {
        for (name, _) in part.operands.iter().filter(|(_, tensor)| tensor.is(&gradient.of)) {
            let spec = part.loss.header().operand(name).filter(|spec| spec.gradient);
            let Some(spec) = spec else { continue };
            // two operands of one part that share an output are told apart by the plan
            wanted.push(Wanted {
                operand: spec.name,
                output,
                add: gradient.add || written[output],
                dtype: gradient.into.dtype(),
            });
        }
    }
    wanted.iter().for_each(|wanted| written[wanted.output] = true);
    wanted
}

fn verdict_part(part: &Part<Tensor>, checked: &check::Checked, row: Row) -> VerdictPart {
    VerdictPart {
        row,
        loss: part.loss.header().id,
        operand: checked.labels.as_ref().map_or("", |labels| labels.operand),
        count: checked.labels.as_ref().map_or(0, |labels| labels.count as u64),
    }
}

impl Outputs {
    /// Refuses outputs of a wrong shape or dtype, and outputs that overlap an operand or each other.
    fn check(&self, term: &Term<Tensor>, loss_shape: Option<&[usize]>) -> Result<()> {
        let id = term.parts.first().map_or("term", |part| part.loss.header().id);
        let mismatch = |operand: &str, expected: String, got: &Tensor| {
            Err(Error::ShapeMismatch { loss: id, operand: operand.into(), expected, got: got.shape().to_vec() })
        };
        // each with the dtype that it may have beside f32
        let mut outputs: Vec<(String, DType, &Tensor)> = Vec::new();
        if let Some(loss) = &self.loss {
            match loss_shape {
                Some(shape) if loss.shape() != shape => return mismatch("loss", format!("{shape:?}"), loss),
                None if self.slot >= loss.len() => {
                    return mismatch("loss", format!("more than {} elements", self.slot), loss);
                }
                _ => outputs.push(("loss".into(), DType::F32, loss)),
            }
        }
        for (place, gradient) in self.gradients.iter().enumerate() {
            let name = format!("gradient {place}");
            if gradient.into.shape() != gradient.of.shape() {
                return mismatch(&name, format!("{:?}", gradient.of.shape()), &gradient.into);
            }
            outputs.push((name, gradient.of.dtype(), &gradient.into));
        }
        for (place, (name, dtype, output)) in outputs.iter().enumerate() {
            if ![DType::F32, *dtype].contains(&output.dtype()) {
                let (operand, got) = (name.clone(), output.dtype());
                let expected = if *dtype == DType::F32 { "f32".into() } else { format!("{dtype} or f32") };
                return Err(Error::UnsupportedDtype { loss: id, operand, got, expected });
            }
            let operands = term.parts.iter().flat_map(|part| {
                let scales = [("upstream", Some(&part.upstream)), ("divide_by", part.divide_by.as_ref())];
                let scales = scales.into_iter().filter_map(|(name, scale)| match scale {
                    Some(Scale::Tensor(tensor)) => Some((name.to_string(), tensor)),
                    _ => None,
                });
                part.operands.iter().map(|(name, tensor)| (name.clone(), tensor)).chain(scales)
            });
            let others = outputs[..place].iter().map(|(name, _, tensor)| (name.clone(), *tensor));
            for (other, tensor) in operands.chain(others) {
                if overlap(output, tensor) {
                    return Err(Error::OverlappingBuffers { output: name.clone(), other });
                }
            }
        }
        Ok(())
    }
}

fn overlap(a: &Tensor, b: &Tensor) -> bool {
    let range = |tensor: &Tensor| (tensor.memory().offset, tensor.memory().offset + tensor.bytes());
    let ((a_start, a_end), (b_start, b_end)) = (range(a), range(b));
    a.memory().buffer == b.memory().buffer && a_start < b_end && b_start < a_end
}

/// Makes the dispatches of a plan from buffers.
struct Binder<'a> {
    gpu: &'a Gpu,
    part: &'a Part<Tensor>,
    plan: &'a Plan,
    memories: &'a [(&'static str, Memory)],
    outputs: &'a Outputs,
    loss: &'a Tensor,
    losses: &'a Tensor,
    outcome: &'a Memory,
}

/// A binding's range of a buffer, and the element of it where the tensor begins.
struct Placed<'a> {
    buffer: &'a wgpu::Buffer,
    offset: u64,
    size: u64,
    base: u64,
}

impl Binder<'_> {
    /// The dispatches, and the parameters that they share.
    fn dispatches(&self) -> Result<(Vec<Dispatch>, Memory)> {
        let mut made = Vec::new();
        let mut known = HashMap::new();
        for stage in &self.plan.stages {
            // the blocks of a walk share their pipelines
            let pipeline = match known.entry((Arc::as_ptr(&stage.kernel), &stage.operands)) {
                Entry::Occupied(known) => Arc::clone(known.get()),
                Entry::Vacant(unknown) => unknown.insert(self.pipeline(stage)?).clone(),
            };
            made.push((stage, pipeline));
        }
        let (params, places) = self.params(&made)?;
        let dispatches = made.iter().zip(places).map(|((stage, pipeline), at)| {
            let params = wgpu::BufferBinding {
                buffer: &params.buffer,
                offset: at,
                size: wgpu::BufferSize::new(size_of::<Params>() as u64),
            };
            self.dispatch(stage, pipeline, params)
        });
        Ok((dispatches.collect::<Result<_>>()?, params))
    }

    /// The stage's pipeline; one whose bindings are all read_write where operands and outputs lie in one buffer.
    fn pipeline(&self, stage: &Stage) -> Result<Arc<Pipeline>> {
        let mut kernel = Kernel::clone(&stage.kernel);
        let bindings = kernel.bindings();
        let of_kind = |read_only| {
            let kind = wgpu::BufferBindingType::Storage { read_only };
            let of_kind = bindings.iter().filter(move |binding| binding.kind == kind);
            of_kind.filter_map(|binding| self.place(stage, binding).map(|placed| placed.buffer))
        };
        kernel.shared_buffer = of_kind(false).any(|written| of_kind(true).any(|read| read == written));
        self.gpu.kernels().get(self.gpu, &kernel)
    }

    /// The parameters of each stage, with the place where each binding's tensor begins, and their offsets; stages that run
    /// over the same share them.
    fn params(&self, made: &[(&Stage, Arc<Pipeline>)]) -> Result<(Memory, Vec<u64>)> {
        let alignment = u64::from(self.gpu.limits().min_uniform_buffer_offset_alignment);
        let stride = (size_of::<Params>() as u64).next_multiple_of(alignment);
        let (mut bytes, mut offsets, mut known) = (Vec::new(), Vec::new(), HashMap::new());
        for (stage, pipeline) in made {
            let mut params = Params { block: stage.block, ..self.plan.params };
            for binding in &pipeline.bindings {
                if let Some(placed) = self.place(stage, binding) {
                    params.bases[binding.number as usize] = placed.base as u32;
                }
            }
            let params = bytemuck::bytes_of(&params).to_vec();
            let offset = *known.entry(params).or_insert_with_key(|params| {
                let offset = bytes.len() as u64;
                bytes.extend(params);
                bytes.resize((offset + stride) as usize, 0);
                offset
            });
            offsets.push(offset);
        }
        let usage = wgpu::BufferUsages::UNIFORM;
        Ok((Memory::new(self.gpu, "wgloss parameters", bytes.len() as u64, Some(&bytes), usage)?, offsets))
    }

    fn dispatch(&self, stage: &Stage, pipeline: &Arc<Pipeline>, params: wgpu::BufferBinding<'_>) -> Result<Dispatch> {
        let mut entries = Vec::new();
        for binding in &pipeline.bindings {
            let resource = match self.place(stage, binding) {
                None => wgpu::BindingResource::Buffer(params.clone()),
                Some(placed) => wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: placed.buffer,
                    offset: placed.offset,
                    size: wgpu::BufferSize::new(placed.size),
                }),
            };
            entries.push(wgpu::BindGroupEntry { binding: binding.number, resource });
        }
        let descriptor =
            wgpu::BindGroupDescriptor { label: Some(stage.kernel.entry), layout: &pipeline.layout, entries: &entries };
        let group = self.gpu.scoped(|| self.gpu.device().create_bind_group(&descriptor))?;
        Ok(Dispatch { pipeline: pipeline.clone(), group, grid: self.grid(stage.groups)? })
    }

    /// The workgroups folded into two dimensions, of which each is limited.
    fn grid(&self, groups: u64) -> Result<[u32; 2]> {
        let most = u64::from(self.gpu.limits().max_compute_workgroups_per_dimension);
        let rows = groups.div_ceil(most).max(1);
        if rows > most {
            return Err(Error::TooLarge {
                what: "workgroups of a dispatch".into(),
                needed: groups,
                limit: most * most,
            });
        }
        Ok([groups.div_ceil(rows) as u32, rows as u32])
    }

    /// Where a binding lies; nothing for the parameters, which are a buffer of their own.
    fn place(&self, stage: &Stage, binding: &Declared) -> Option<Placed<'_>> {
        let tensor = |tensor| Some(self.place_tensor(tensor));
        match self.plan.bound(stage, &binding.name) {
            Bound::Params => None,
            Bound::Operand(name) => tensor(self.part.operand(name).unwrap_or_else(|| unreachable!("{name} is bound"))),
            Bound::Upstream => tensor(of_scale(Some(&self.part.upstream))),
            Bound::DivideBy => tensor(of_scale(self.part.divide_by.as_ref())),
            Bound::Output(output) => tensor(&self.outputs.gradients[output].into),
            Bound::Losses => tensor(self.losses),
            Bound::Loss => tensor(self.loss),
            Bound::Outcome => Some(whole(self.outcome)),
            Bound::Columns => self.memory("columns"),
            Bound::Scratch(name) => self.memory(name),
        }
    }

    fn memory(&self, name: &str) -> Option<Placed<'_>> {
        self.memories.iter().find(|(known, _)| *known == name).map(|(_, memory)| whole(memory))
    }

    fn place_tensor<'t>(&self, tensor: &'t Tensor) -> Placed<'t> {
        let memory = tensor.memory();
        let alignment = u64::from(self.gpu.limits().min_storage_buffer_offset_alignment);
        // a tensor of no bytes may begin where its buffer ends: what is bound in its place is never read
        let begin = if tensor.is_empty() { 0 } else { memory.offset };
        let offset = begin / alignment * alignment;
        let end = (begin + tensor.bytes()).next_multiple_of(4).max(offset + 16).min(memory.buffer.size());
        let base = (begin - offset) / tensor.dtype().size() as u64;
        Placed { buffer: &memory.buffer, offset, size: (end - offset) / 4 * 4, base }
    }
}

fn of_scale(scale: Option<&Scale<Tensor>>) -> &Tensor {
    match scale {
        Some(Scale::Tensor(tensor)) => tensor,
        _ => unreachable!("a plan binds a scale only where it is a tensor"),
    }
}

fn whole(memory: &Memory) -> Placed<'_> {
    Placed { buffer: &memory.buffer, offset: 0, size: memory.bytes, base: 0 }
}
