//! Numbers that change between the runs of a job: options and coefficients that the host sets or tensors hold, and slots of
//! a log.
//!
//! The kernel `number` writes a number into the parameters of a part's kernels before they run. A number that the host sets is
//! recorded with this kernel's dispatch: for each of its four bytes, a dynamic offset selects an entry of a table of all byte
//! values. The table never changes. So recording a run writes no memory that an earlier, unfinished run may still need.

use crate::check::typical;
use crate::error::{Error, Result};
use crate::gpu::bind::{Dispatch, ParamBlocks, place};
use crate::gpu::choices::Choices;
use crate::gpu::context::Gpu;
use crate::gpu::kernel::Kernel;
use crate::gpu::link::Slots;
use crate::gpu::lock::lock;
use crate::gpu::memory::Memory;
use crate::gpu::params::{Change, Params};
use crate::gpu::plan::place_of_number;
use crate::gpu::pool::Pool;
use crate::gpu::recipe::Recipe;
use crate::gpu::shaders::{Shader, geometry, operand, slot};
use crate::gpu::tensor::Tensor;
use crate::options::{Range, Value, out_of_range};
use crate::term::{COEFFICIENT, Part};
use bytemuck::Zeroable;
use std::mem::offset_of;
use std::sync::{Arc, Mutex, OnceLock};

/// The place of the coefficient among a part's numbers, after all options.
const COEFFICIENT_PLACE: usize = 16;

/// Where a number comes from.
pub(super) enum Source<'a> {
    /// The host. The index is the number's place among those that `Job::set` may set. For the slot of a log it means nothing,
    /// because a slot is handed over when the run is recorded.
    Host(usize),
    /// A tensor of one f32.
    Tensor(&'a Tensor),
    /// A tensor of one u32, which each run increments.
    Counter(&'a Tensor),
}

/// A number that the host may set.
#[derive(Clone, Debug)]
pub(super) struct Settable {
    /// The name of its part.
    part: String,
    number: String,
    loss: &'static str,
    range: Range,
    /// The bits of its value, an f32.
    bits: u32,
}

impl Settable {
    /// Whether it is this number of the part `part`, or of one of its losses if `part` is a sum of losses.
    fn is(&self, part: &str, number: &str) -> bool {
        self.number == number && is_part_of(&self.part, part)
    }
}

/// Whether a part's name is `whole`, or that of one of its losses if `whole` is a sum of losses.
pub(super) fn is_part_of(part: &str, whole: &str) -> bool {
    part.strip_prefix(whole).is_some_and(|inside| inside.is_empty() || inside.starts_with('.'))
}

/// The part as it is planned. Options that change between runs get values for which no loss has a specialised kernel, because
/// the kernels have to work for every value. A coefficient that changes becomes 1, because the kernel `number` multiplies the
/// planned factors by it.
pub(super) fn for_any_value(part: &Part<Tensor>) -> Result<Part<Tensor>> {
    let mut general = part.clone();
    for varying in &part.varying {
        if varying.number == COEFFICIENT {
            general.weight = 1.0;
        } else if let Some(spec) = part.loss.specs().iter().find(|spec| spec.name == varying.number) {
            general.loss = general.loss.with_option(spec.name, &Value::Number(typical(spec)))?.into();
        }
    }
    Ok(general)
}

/// The range of a part's number.
pub(super) fn range(part: &Part<Tensor>, number: &str) -> Range {
    let specs = part.loss.specs();
    specs.iter().find(|spec| spec.name == number).map_or(Range::Any, |spec| spec.range)
}

/// The numbers of a part that change between runs: the place by which the outcome reports a bad one, the name, and the range.
pub(super) fn named(part: &Part<Tensor>) -> Vec<(usize, String, Range)> {
    let named = part.varying.iter().map(|varying| {
        let place = place_of_number(&*part.loss, &varying.number).unwrap_or(COEFFICIENT_PLACE);
        (place, varying.number.clone(), range(part, &varying.number))
    });
    named.collect()
}

/// Makes the dispatches for a part's numbers. `params` are those of its plan. The numbers that the host may set are added to
/// `settable`.
pub(super) fn of_part(
    gpu: &Gpu,
    pool: &Pool,
    part: &Part<Tensor>,
    params: &Params,
    blocks: &ParamBlocks,
    settable: &mut Vec<Settable>,
) -> Result<Vec<Dispatch>> {
    let mut numbers: Vec<_> = part.varying.iter().collect();
    // the first number's dispatch also writes the factors of the loss and its gradients, and only the coefficient scales these
    numbers.sort_by_key(|varying| varying.number != COEFFICIENT);
    let mut dispatches = Vec::new();
    for varying in numbers {
        let option = place_of_number(&*part.loss, &varying.number);
        let range = range(part, &varying.number);
        let change = Change {
            first: u32::from(dispatches.is_empty()),
            ..Change::of_number(params, blocks, option, part.outcome_rows().len(), range)
        };
        let source = match &varying.from {
            Some(tensor) => Source::Tensor(tensor),
            None => {
                let initial = option.map_or(part.weight, |_| value_of(part, &varying.number));
                settable.push(Settable {
                    part: part.name.clone(),
                    number: varying.number.clone(),
                    loss: part.loss.header().id,
                    range,
                    bits: initial.to_bits(),
                });
                Source::Host(settable.len() - 1)
            }
        };
        dispatches.push(dispatch(gpu, pool, change, &source, blocks)?);
    }
    Ok(dispatches)
}

/// The dispatch that writes the slot of the log. The log has `log_length` elements.
pub(super) fn of_slot(
    gpu: &Gpu,
    pool: &Pool,
    blocks: &ParamBlocks,
    log_length: usize,
    source: &Source<'_>,
) -> Result<Dispatch> {
    let count = u32::try_from(log_length).unwrap_or(u32::MAX);
    dispatch(gpu, pool, Change { count, ..Change::at(blocks, offset_of!(Params, loss_slot)) }, source, blocks)
}

/// The value of a number option of a part, or 0.
fn value_of(part: &Part<Tensor>, name: &str) -> f32 {
    let specs = part.loss.specs();
    match specs.iter().zip(part.loss.values()).find(|(spec, _)| spec.name == name) {
        Some((_, Value::Number(value))) => value as f32,
        _ => 0.0,
    }
}

/// The index of the word at this byte of a parameter block.
fn word(offset: usize) -> u32 {
    (offset / 4) as u32
}

impl Change {
    /// A change of the word at this byte of each block.
    fn at(blocks: &ParamBlocks, offset: usize) -> Change {
        Change {
            blocks: blocks.count,
            stride: word(blocks.stride as usize),
            place: word(offset),
            nan: f32::NAN.to_bits(),
            bad_place: word(offset_of!(Params, bad_number)),
            ..Change::zeroed()
        }
    }

    /// A change of the option at this place, or of the coefficient.
    fn of_number(params: &Params, blocks: &ParamBlocks, option: Option<usize>, rows: usize, range: Range) -> Change {
        let place = match option {
            Some(place) => offset_of!(Params, options) + (4 * place),
            None => offset_of!(Params, weight),
        };
        let [lowest, highest] = range.ends();
        let factors = [offset_of!(Params, factor), offset_of!(Params, fused_factor)];
        let weights = [offset_of!(Params, weight), offset_of!(Params, fused_weight)];
        Change {
            lowest,
            highest,
            bad_note: option.unwrap_or(COEFFICIENT_PLACE) as u32 + 1,
            scales: u32::from(option.is_none()),
            factor_count: rows as u32,
            factor_places: factors.map(word),
            weight_places: weights.map(word),
            factors: [params.factor, params.fused_factor],
            weights: [params.weight, params.fused_weight],
            ..Change::at(blocks, place)
        }
    }
}

/// The kernel for a kind of source.
fn kernel(file: Shader) -> Kernel {
    let mut slots = Slots::default();
    slots.fill(slot::NUMBER, file);
    Recipe::new(geometry::NUMBER, slots, Choices::default()).into()
}

/// All kernels that write numbers.
#[cfg(test)]
pub(crate) fn kernels() -> [Kernel; 3] {
    [operand::number::GIVEN, operand::number::READ, operand::number::COUNTED].map(kernel)
}

fn dispatch(gpu: &Gpu, pool: &Pool, change: Change, source: &Source<'_>, blocks: &ParamBlocks) -> Result<Dispatch> {
    let (file, tensor) = match source {
        Source::Host(_) => (operand::number::GIVEN, None),
        Source::Tensor(tensor) => (operand::number::READ, Some(*tensor)),
        Source::Counter(tensor) => (operand::number::COUNTED, Some(*tensor)),
    };
    let pipeline = gpu.pipeline_store().get(gpu, &[kernel(file)])?.remove(0);
    let placed = tensor.map(|tensor| place(gpu, tensor));
    let change = Change { base: placed.as_ref().map_or(0, |placed| placed.base), ..change };
    let contents = bytemuck::bytes_of(&change);
    let memory = pool.constant(gpu, "wgloss number", contents, wgpu::BufferUsages::UNIFORM)?;
    let bytes = bytes(gpu)?;
    let entry = |name: &str| match name {
        "change" => whole(&memory.buffer, contents.len() as u64),
        "parameters" => whole(&blocks.memory.buffer, blocks.memory.bytes),
        // a dynamic offset moves the binding to the entry of a byte
        name if name.starts_with("byte_") => whole(&bytes, 16),
        _ => {
            let placed = placed.as_ref().unwrap_or_else(|| unreachable!("a source has its tensor"));
            wgpu::BufferBinding { offset: placed.offset, ..whole(placed.buffer, placed.size) }
        }
    };
    let entries = pipeline.bindings.iter().map(|binding| wgpu::BindGroupEntry {
        binding: binding.number,
        resource: wgpu::BindingResource::Buffer(entry(binding.name)),
    });
    let entries: Vec<_> = entries.collect();
    let descriptor = wgpu::BindGroupDescriptor { label: Some("number"), layout: &pipeline.layout, entries: &entries };
    let group = gpu.scoped_as(|| gpu.device().create_bind_group(&descriptor), |error| error)?;
    let number = if let Source::Host(number) = source { Some(*number) } else { None };
    Ok(Dispatch { pipeline, group, grid: [1, 1], number })
}

fn whole(buffer: &wgpu::Buffer, bytes: u64) -> wgpu::BufferBinding<'_> {
    wgpu::BufferBinding { buffer, offset: 0, size: wgpu::BufferSize::new(bytes) }
}

/// The bytes from one entry of the table to the next.
fn spacing(gpu: &Gpu) -> u32 {
    gpu.limits().min_uniform_buffer_offset_alignment.next_multiple_of(16)
}

/// The context's table of all byte values. Each has an entry of its own, which a dynamic offset can select.
fn bytes(gpu: &Gpu) -> Result<Arc<wgpu::Buffer>> {
    gpu.byte_table().get(|| {
        let mut words = vec![0u32; (spacing(gpu) / 4 * 256) as usize];
        words.iter_mut().step_by((spacing(gpu) / 4) as usize).zip(0..).for_each(|(word, byte)| *word = byte);
        let contents: &[u8] = bytemuck::cast_slice(&words);
        let usage = wgpu::BufferUsages::UNIFORM;
        Ok(Memory::new(gpu, "wgloss bytes", contents.len() as u64, Some(contents), usage)?.for_good())
    })
}

/// The offsets of a number's bytes in the table.
pub(super) fn offsets(gpu: &Gpu, bits: u32) -> [u32; 4] {
    bits.to_le_bytes().map(|byte| u32::from(byte) * spacing(gpu))
}

/// The numbers of a job that the host may change.
#[derive(Debug)]
pub(super) struct Numbers {
    /// Shared by a job and those that are bound anew from it, so that a schedule sets each number once for all batches.
    settable: Arc<Mutex<Vec<Settable>>>,
    /// The parameters of the last part, which hold the slot of a reduced loss.
    blocks: ParamBlocks,
    /// The dispatch that writes the slot of a run by `Job::encode_at`, and the job's own slot again after that run. It is made
    /// when it is first needed.
    slot: OnceLock<Dispatch>,
}

impl Numbers {
    pub fn new(settable: Vec<Settable>, blocks: ParamBlocks) -> Numbers {
        Numbers { settable: Arc::new(Mutex::new(settable)), blocks, slot: OnceLock::new() }
    }

    /// Shares the numbers of another job, which has the same ones in the same order.
    pub fn share(&mut self, other: &Numbers) {
        self.settable = other.settable.clone();
    }

    /// The current bits of all numbers, for the dispatches of a run that is being recorded.
    pub fn values(&self) -> Vec<u32> {
        lock(&self.settable).iter().map(|number| number.bits).collect()
    }

    /// The dispatch that writes a slot of a log of `log_length` elements.
    pub fn slot(&self, gpu: &Gpu, pool: &Pool, log_length: usize) -> Result<&Dispatch> {
        if let Some(dispatch) = self.slot.get() {
            return Ok(dispatch);
        }
        let made = of_slot(gpu, pool, &self.blocks, log_length, &Source::Host(0))?;
        Ok(self.slot.get_or_init(|| made))
    }

    /// Sets a number for the runs that are recorded later. `loss` is the loss of the part, for the error that the number does not
    /// vary.
    pub fn set(&self, (loss, part): (&'static str, &str), number: &str, value: f32) -> Result<()> {
        let mut settable = lock(&self.settable);
        let named: Vec<usize> = (0..settable.len()).filter(|place| settable[*place].is(part, number)).collect();
        if named.is_empty() {
            return Err(refuse(&settable, loss, &format!("{part}.{number}"), value));
        }
        if let Some(known) =
            named.iter().map(|place| &settable[*place]).find(|known| !known.range.contains(value.into()))
        {
            return Err(out_of_range(known.loss, number, value, known.range));
        }
        named.into_iter().for_each(|place| settable[place].bits = value.to_bits());
        Ok(())
    }
}

/// Refuses a number that does not vary.
fn refuse(settable: &[Settable], loss: &'static str, option: &str, value: f32) -> Error {
    let known = settable.iter().map(|known| format!("`{}` of `{}`", known.number, known.part)).collect::<Vec<_>>();
    let known = if known.is_empty() { "there is none".into() } else { known.join(", ") };
    Error::InvalidOption {
        loss,
        option: option.into(),
        value: value.to_string(),
        expected: format!("a number that varies, by `Term::varying`: {known}"),
    }
}
