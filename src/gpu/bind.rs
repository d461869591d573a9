//! Makes the dispatches of a plan: finds the buffer and the range for each binding.

use crate::error::{Error, Result};
use crate::gpu::context::Gpu;
use crate::gpu::declared::Declared;
use crate::gpu::kernel::Kernel;
use crate::gpu::memory::Memory;
use crate::gpu::params::Params;
use crate::gpu::pipelines::Pipeline;
use crate::gpu::plan::{Bound, Plan, Stage};
use crate::gpu::pool::Pool;
use crate::gpu::tensor::Tensor;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// A pipeline with its bind group and its grid of workgroups.
#[derive(Debug)]
pub(super) struct Dispatch {
    pub pipeline: Arc<Pipeline>,
    pub group: wgpu::BindGroup,
    pub grid: [u32; 2],
    /// If the dispatch writes a number that the host sets: the number's index among those of the job.
    pub number: Option<usize>,
}

/// The parameter blocks of a part's kernels, in one buffer.
#[derive(Debug)]
pub(super) struct ParamBlocks {
    pub memory: Arc<Memory>,
    pub count: u32,
    /// The bytes from the start of one block to the start of the next.
    pub stride: u64,
}

/// Gives the tensors and the outcome for the bindings of a plan.
pub(super) trait Bindable {
    /// The name of what was planned, for errors.
    fn name(&self) -> &str;
    /// The tensor for a binding, or `None` if the binding is for other memory.
    fn tensor(&self, bound: &Bound) -> Option<&Tensor>;
    /// The memory of the outcome.
    fn outcome(&self) -> &Memory;
}

/// A plan, and all memory that its bindings may need.
pub(super) struct Binder<'a> {
    pub gpu: &'a Gpu,
    pub plan: &'a Plan,
    pub tensors: &'a dyn Bindable,
    pub memories: &'a [(&'static str, Arc<Memory>)],
    pub pool: &'a Pool,
}

/// The range of a buffer that a binding gets.
pub(super) struct Placed<'a> {
    pub buffer: &'a wgpu::Buffer,
    pub offset: u64,
    pub size: u64,
    /// The element of the range at which the tensor begins. A kernel adds it to every index.
    pub base: u32,
    /// Whether the range's last quad holds nothing else, so that a kernel may overwrite the whole quad.
    owns_last_quad: bool,
}

/// The rule that the refusal of overlapping ranges states in a browser.
const APART: &str = "their bindings share bytes, which a browser refuses where a kernel writes; let tensors that lie in one buffer \
                     with an output begin at multiples of 256 bytes";

impl Placed<'_> {
    /// Whether two ranges of one buffer have bytes in common.
    fn shares_bytes(&self, other: &Placed<'_>) -> bool {
        self.buffer == other.buffer && self.offset < other.offset + other.size && other.offset < self.offset + self.size
    }

    /// Whether the tensor begins with a whole quad, and the range ends with one.
    fn in_quads(&self) -> bool {
        self.base.is_multiple_of(4) && self.size.is_multiple_of(16)
    }
}

impl Binder<'_> {
    /// The kernels of all stages, and the index of each stage's kernel.
    pub fn kernels(&self) -> (Vec<Kernel>, Vec<usize>) {
        let (mut kernels, mut of_stages) = (Vec::new(), Vec::new());
        let mut known = HashMap::new();
        for stage in &self.plan.stages {
            let mut add = || {
                kernels.push(self.kernel(stage));
                kernels.len() - 1
            };
            // blocks share a kernel; a slice has its own, because its window may end inside a quad
            of_stages.push(match stage.windows.is_empty() {
                true => *known.entry((Arc::as_ptr(&stage.recipe), &stage.operands)).or_insert_with(add),
                false => add(),
            });
        }
        (kernels, of_stages)
    }

    /// The dispatches, and their parameters. `pipelines` gives the pipeline of each stage.
    pub fn dispatches(&self, pipelines: impl Iterator<Item = Arc<Pipeline>>) -> Result<(Vec<Dispatch>, ParamBlocks)> {
        let made: Vec<_> = self.plan.stages.iter().zip(pipelines).collect();
        let (params, places) = self.params(&made)?;
        let dispatches = made.iter().zip(places).map(|((stage, pipeline), at)| {
            let params = wgpu::BufferBinding {
                buffer: &params.memory.buffer,
                offset: at,
                size: wgpu::BufferSize::new(size_of::<Params>() as u64),
            };
            self.dispatch(stage, pipeline, params)
        });
        Ok((dispatches.collect::<Result<_>>()?, params))
    }

    /// The stage's kernel. If an operand and an output lie in one buffer, all of its bindings are read_write, because
    /// WebGPU refuses a buffer that a dispatch binds both ways.
    fn kernel(&self, stage: &Stage) -> Kernel {
        let mut kernel = self.gpu.target().specialise(&stage.recipe, |binding| {
            let placed = self.place(stage, binding);
            placed.is_some_and(|placed| placed.in_quads() && (placed.owns_last_quad || !binding.is_written()))
        });
        let bindings = kernel.bindings();
        let of_kind = |read_only| {
            let kind = wgpu::BufferBindingType::Storage { read_only };
            let of_kind = bindings.iter().filter(move |binding| binding.kind == kind);
            of_kind.filter_map(|binding| self.place(stage, binding).map(|placed| placed.buffer))
        };
        kernel.shared_buffer = of_kind(false).any(|written| of_kind(true).any(|read| read == written));
        kernel
    }

    /// The parameters of all stages, and each stage's offset in them. Stages with equal parameters share an offset.
    fn params(&self, made: &[(&Stage, Arc<Pipeline>)]) -> Result<(ParamBlocks, Vec<u64>)> {
        let alignment = u64::from(self.gpu.limits().min_uniform_buffer_offset_alignment);
        let stride = (size_of::<Params>() as u64).next_multiple_of(alignment);
        let (mut bytes, mut offsets, mut known) = (Vec::new(), Vec::new(), HashMap::new());
        for (stage, pipeline) in made {
            let mut params = Params { block: stage.block, ..self.plan.params };
            for binding in &pipeline.bindings {
                if let Some(placed) = self.place(stage, binding) {
                    params.bases[binding.number as usize] = placed.base;
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
        // STORAGE, because a kernel writes the numbers that change between runs
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::STORAGE;
        let memory = self.pool.constant(self.gpu, "wgloss parameters", &bytes, usage)?;
        Ok((ParamBlocks { memory, count: known.len() as u32, stride }, offsets))
    }

    /// Refuses what the device cannot bind or dispatch. It looks at sizes only, so [unbacked](Memory::unbacked) memory will do.
    pub fn fits(&self) -> Result<()> {
        let (kernels, of_stages) = self.kernels();
        for (stage, kernel) in self.plan.stages.iter().zip(of_stages) {
            self.grid(stage.groups)?;
            kernels[kernel].bindings().iter().try_for_each(|binding| self.bindable(stage, binding).map(drop))?;
        }
        Ok(())
    }

    /// The range of a binding, or `None` for the parameters. Refuses a range that is larger than a binding may be.
    fn bindable(&self, stage: &Stage, binding: &Declared) -> Result<Option<Placed<'_>>> {
        let (placed, limit) = (self.place(stage, binding), self.gpu.limits().max_storage_buffer_binding_size);
        match placed.as_ref().map(|placed| placed.size).filter(|size| *size > limit) {
            None => Ok(placed),
            Some(needed) => {
                let bound = self.plan.words(stage, binding.name);
                let what = format!("{} on the GPU: bytes of a binding of {bound}", self.tensors.name());
                Err(Error::TooLarge { what, needed, limit })
            }
        }
    }

    fn dispatch(&self, stage: &Stage, pipeline: &Arc<Pipeline>, params: wgpu::BufferBinding<'_>) -> Result<Dispatch> {
        if cfg!(target_arch = "wasm32") {
            self.refuse_aliases(stage, pipeline)?;
        }
        let mut entries = Vec::new();
        for binding in &pipeline.bindings {
            let placed = self.bindable(stage, binding)?;
            let resource = match placed {
                None => wgpu::BindingResource::Buffer(params.clone()),
                Some(placed) => wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: placed.buffer,
                    offset: placed.offset,
                    size: wgpu::BufferSize::new(placed.size),
                }),
            };
            entries.push(wgpu::BindGroupEntry { binding: binding.number, resource });
        }
        let descriptor = wgpu::BindGroupDescriptor {
            label: Some(stage.recipe.entry()),
            layout: &pipeline.layout,
            entries: &entries,
        };
        let group = self.gpu.scoped_as(|| self.gpu.device().create_bind_group(&descriptor), |error| error)?;
        Ok(Dispatch { pipeline: pipeline.clone(), group, grid: self.grid(stage.groups)?, number: None })
    }

    /// Refuses two written ranges of a buffer that share bytes, as a browser would when the work is submitted. Ranges of
    /// separate tensors may share bytes: a range begins at the alignment of bindings, and so may hold the end of the
    /// tensor before it.
    fn refuse_aliases(&self, stage: &Stage, pipeline: &Pipeline) -> Result<()> {
        let written = pipeline.bindings.iter().filter(|binding| binding.is_written());
        let placed: Vec<_> = written.filter_map(|binding| Some((binding.name, self.place(stage, binding)?))).collect();
        for (k, (name, one)) in placed.iter().enumerate() {
            if let Some((other, _)) = placed[..k].iter().find(|(_, other)| one.shares_bytes(other)) {
                let words = |name| self.plan.words(stage, name).replace('`', "");
                return Err(Error::OverlappingBuffers { output: words(name), other: words(other), rule: Some(APART) });
            }
        }
        Ok(())
    }

    /// The workgroups, folded into two dimensions, because each dimension is limited.
    fn grid(&self, groups: u64) -> Result<[u32; 2]> {
        let most = u64::from(self.gpu.limits().max_compute_workgroups_per_dimension);
        let rows = groups.div_ceil(most.max(1)).max(1);
        if rows > most {
            return Err(Error::TooLarge {
                what: format!("{} on the GPU: workgroups of a dispatch", self.tensors.name()),
                needed: groups,
                limit: most * most,
            });
        }
        Ok([groups.div_ceil(rows) as u32, rows as u32])
    }

    /// The range of a binding, or `None` for the parameters, which have their own buffer.
    fn place(&self, stage: &Stage, binding: &Declared) -> Option<Placed<'_>> {
        let window = stage.windows.iter().find(|(name, _)| *name == binding.name).map(|(_, window)| window);
        match self.plan.bound(stage, binding.name) {
            Bound::Params => None,
            Bound::Outcome => Some(whole(self.tensors.outcome())),
            Bound::Columns => self.memory("columns", None),
            Bound::Broadcast => self.memory("broadcast", None),
            Bound::Scratch(name) => self.memory(name, window),
            bound => self.tensors.tensor(&bound).map(|tensor| place_tensor(self.gpu, tensor, window)),
        }
    }

    fn memory(&self, name: &str, window: Option<&Range<u64>>) -> Option<Placed<'_>> {
        let (_, memory) = self.memories.iter().find(|(known, _)| *known == name)?;
        let size = self.plan.element_bytes(name);
        Some(window.map_or(whole(memory), |window| place_window(self.gpu, memory, 0, size, window)))
    }
}

/// Places a tensor, or a window of it.
fn place_tensor<'t>(gpu: &Gpu, tensor: &'t Tensor, window: Option<&Range<u64>>) -> Placed<'t> {
    let memory = tensor.memory();
    // an empty tensor may begin at the end of its buffer, where nothing can be bound; the bytes bound instead are
    // never read
    let begin = if tensor.is_empty() { 0 } else { memory.offset };
    let all = 0..tensor.len() as u64;
    let window = window.map_or(all.clone(), |window| window.start..window.end.min(all.end));
    place_window(gpu, memory, begin, tensor.dtype().size() as u64, &window)
}

/// Places a whole tensor.
pub(super) fn place<'t>(gpu: &Gpu, tensor: &'t Tensor) -> Placed<'t> {
    place_tensor(gpu, tensor, None)
}

/// Places a window of a tensor that begins at the byte `begin`. The range begins at the alignment of bindings, and
/// ends with a whole quad unless the buffer ends before. A kernel adds the base to an element's index in the whole
/// tensor, so the base is negative, and wraps, if the range begins after the tensor.
fn place_window<'t>(gpu: &Gpu, memory: &'t Memory, begin: u64, size: u64, window: &Range<u64>) -> Placed<'t> {
    let buffer = &memory.buffer;
    // the offset is a multiple of the device's alignment, of a quad and of an element
    let least = u64::from(gpu.limits().min_storage_buffer_offset_alignment).max(16);
    let odd = size >> size.trailing_zeros();
    let alignment = least.max(size / odd) * odd;
    let offset = (begin + window.start * size) / alignment * alignment;
    let last = begin + window.end * size;
    let end = last.next_multiple_of(16).max(offset + 16).min(memory.end);
    let base = (begin as i64 - offset as i64) / size as i64;
    let owns_last_quad = last == end || memory.is_own();
    Placed { buffer, offset, size: (end - offset) / 4 * 4, base: base as u32, owns_last_quad }
}

fn whole(memory: &Memory) -> Placed<'_> {
    Placed { buffer: &memory.buffer, offset: 0, size: memory.bytes, base: 0, owns_last_quad: true }
}
