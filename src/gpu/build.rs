//! Builds a job: plans its parts, allocates their memory, gets their pipelines, and makes their bind groups.

use crate::check::Checked;
use crate::error::Result;
use crate::gpu::bind::{Binder, Dispatch, ParamBlocks};
use crate::gpu::context::Gpu;
use crate::gpu::memory::Memory;
use crate::gpu::numbers::{self, Numbers, Source};
use crate::gpu::observed::{self, ObservedTensor};
use crate::gpu::outcome::Outcome;
use crate::gpu::outputs::{self, Gradient, Outputs};
use crate::gpu::part_tensors::PartTensors;
use crate::gpu::plan::{KeptSums, Plan, Request, Scratch, Wanted, plan, rounding};
use crate::gpu::pool::{Pool, Use};
use crate::gpu::shaders::{choice, geometry};
use crate::gpu::sums::{Sums, first_of, places};
use crate::gpu::tensor::Tensor;
use crate::gpu::verdict::{Verdict, VerdictRow};
use crate::shape::DType;
use crate::term::{Observation, OutcomeRow, Part, Term};
use std::sync::Arc;

/// Everything that a job consists of.
#[derive(Debug)]
pub(super) struct Built {
    pub parts: Vec<Recorded>,
    pub outcome: Outcome,
    pub workspace: u64,
    pub held: Held,
    pub numbers: Numbers,
    pub pool: Arc<Pool>,
}

/// The dispatches of a part, or of the rounding of a gradient.
#[derive(Debug)]
pub(super) struct Recorded {
    /// Its name in debuggers and profilers.
    pub label: String,
    pub dispatches: Vec<Dispatch>,
}

/// Holds the memory that the bind groups use, so that it stays counted as used memory.
#[derive(Debug)]
pub(super) struct Held {
    pub term: Term<Tensor>,
    pub outputs: Outputs,
    pub statistics: Option<Tensor>,
    _tensors: Vec<Tensor>,
    _memories: Vec<Arc<Memory>>,
    _blocks: Vec<ParamBlocks>,
}

/// A call that has been checked.
#[derive(Clone)]
pub(super) struct Call<'a> {
    pub term: &'a Term<Tensor>,
    /// The losses of the term, each as a part of its own.
    pub parts: &'a Term<Tensor>,
    /// The parts as they are planned. Numbers that change between runs have typical values, so that no kernel is
    /// specialised for their current value.
    pub planned: &'a Term<Tensor>,
    /// The results of the checks of each part.
    pub checked: &'a [Checked],
    pub outputs: &'a Outputs,
    /// The shape of an unreduced loss.
    pub loss_shape: Option<Vec<usize>>,
    /// The observations that are tensors, with a number for each position.
    pub observed: &'a [ObservedTensor],
    /// The tensor for the statistics of a shard, if the job computes these instead of a loss.
    pub statistics: Option<&'a Tensor>,
    /// The job that this one replaces, after [`Job::rebind`](crate::Job::rebind).
    pub replaced: Option<&'a Built>,
}

/// A function that is called with the binder of each plan, before any pipeline is made.
pub(super) type Explain<'a> = &'a mut dyn FnMut(&Binder<'_>);

/// Builds a job of a term's parts. If the device refuses a buffer, the error names the operand.
pub(super) fn build(gpu: &Gpu, call: &Call<'_>, explain: Explain<'_>) -> Result<Built> {
    let built = built(gpu, call, explain);
    gpu.answers()?;
    built.map_err(|error| gpu.blame(error, outputs::used(call.term, call.outputs, call.statistics)))
}

fn built(gpu: &Gpu, call: &Call<'_>, explain: Explain<'_>) -> Result<Built> {
    let Call { term: whole, parts, planned: term, outputs, ref loss_shape, statistics, replaced, .. } = *call;
    let pool = replaced.map_or_else(Arc::default, |replaced| replaced.pool.clone());
    let loss = match (&outputs.loss, loss_shape) {
        (Some(tensor), _) => tensor.clone(),
        (None, shape) => {
            let shape = shape.clone().unwrap_or_default();
            let own = replaced
                .filter(|replaced| replaced.held.outputs.loss.is_none())
                .map(|replaced| &replaced.outcome.tensor);
            match own.filter(|own| own.shape() == shape) {
                Some(own) => own.clone(),
                None => gpu.empty(shape)?,
            }
        }
    };
    // the tensors that the replaced job got from its caller come first, and the new job must not write to these
    let own = |place: usize| {
        let made = replaced.filter(|replaced| place >= replaced.held.outputs.observed.len())?;
        made.outcome.observed.get(place).map(|(_, tensor)| tensor)
    };
    let make = |one: &ObservedTensor| gpu.zeros(one.shape.clone(), one.dtype);
    let observed_tensors = observed::tensors(call.observed, &outputs.observed, own, make)?;
    let rows = rows(term);
    // an unreduced term writes its values to `loss`; kernels also write a sum, which nothing reads
    let sum_of_unreduced = loss_shape.as_ref().map(|_| gpu.empty([])).transpose()?;
    let sums = Sums::new(term, outputs, |rounded| gpu.empty(rounded.shape()))?;
    let (planned, verdicts) = plans(gpu, call, &sums)?;
    let verdict = verdict(gpu, rows, verdicts, replaced)?;
    let memories = planned.iter().enumerate().map(|(number, planned)| memories(gpu, &pool, number, &planned.plan));
    let memories = memories.collect::<Result<Vec<_>>>()?;
    let tensors = planned.iter().enumerate().map(|(number, planned)| PartTensors {
        part: planned.part,
        outputs: planned.outputs,
        sum: planned.sum,
        loss: sum_of_unreduced.as_ref().unwrap_or(&loss),
        losses: &loss,
        observed: of_part(call.observed, &observed_tensors, number),
        statistics: statistics.or(planned.part.among.as_ref()),
        outcome: &verdict.memory,
    });
    let tensors: Vec<PartTensors<'_>> = tensors.collect();
    let binders = planned.iter().zip(&memories).zip(&tensors);
    let binders = binders.map(|((planned, memories), tensors)| Binder {
        gpu,
        plan: &planned.plan,
        tensors,
        memories,
        pool: &pool,
    });
    let binders: Vec<Binder<'_>> = binders.collect();
    binders.iter().for_each(explain);
    let (of_binders, mut blocks) = dispatches(gpu, &binders)?;
    let (mut recorded, mut settable) = (Vec::new(), Vec::new());
    for (place, of_binder) in of_binders.into_iter().enumerate() {
        let (mut dispatches, mut label) = (Vec::new(), "wgloss rounding".into());
        if let Some(part) = parts.parts.get(place) {
            label = format!("wgloss {}", part.name);
            let params = &binders[place].plan.params;
            dispatches.extend(numbers::of_part(gpu, &pool, part, params, &blocks[place], &mut settable)?);
        }
        // the last part writes the loss
        if let (Some(counter), true) = (&outputs.counter, place + 1 == parts.parts.len()) {
            let source = Source::Counter(counter);
            dispatches.push(numbers::of_slot(gpu, &pool, &blocks[place], loss.len(), &source)?);
        }
        dispatches.extend(of_binder);
        recorded.push(Recorded { label, dispatches });
    }
    let workspace = workspace_of(rows, &planned, &sums);
    let memories = memories.into_iter().flatten().map(|(_, memory)| memory);
    let tensor = loss.with_verdict(verdict.clone());
    let vouched = |gradient: &Gradient| gradient.into.clone().with_verdict(verdict.clone());
    let gradients = outputs.gradients.iter().map(vouched).collect();
    let observed = call.observed.iter().zip(observed_tensors);
    let observed = observed.map(|(one, tensor)| (one.name.clone(), tensor.with_verdict(verdict.clone()))).collect();
    let outcome = Outcome { gpu: gpu.clone(), tensor, gradients, observed, verdict, reduced: loss_shape.is_none() };
    let mut numbers = Numbers::new(settable, blocks.remove(parts.parts.len() - 1));
    replaced.iter().for_each(|replaced| numbers.share(&replaced.numbers));
    let held = Held {
        // a copy without the jobs that the term keeps: they would keep each other alive
        term: Term::of_parts(whole.parts.clone()),
        outputs: outputs.clone(),
        statistics: statistics.cloned(),
        _tensors: sum_of_unreduced.into_iter().chain(sums.tensors().cloned()).collect(),
        _memories: memories.collect(),
        _blocks: blocks,
    };
    Ok(Built { parts: recorded, outcome, workspace, held, numbers, pool })
}

const WORKSPACE: wgpu::BufferUsages = wgpu::BufferUsages::STORAGE.union(wgpu::BufferUsages::COPY_SRC);

/// The bytes of workspace that a job of a call would hold. Nothing is allocated.
pub(super) fn workspace(gpu: &Gpu, call: &Call<'_>) -> Result<u64> {
    let sums = Sums::new(call.planned, call.outputs, |rounded| gpu.unbacked(rounded.shape(), DType::F32))?;
    let (planned, _) = plans(gpu, call, &sums)?;
    let rows = rows(call.planned);
    let loss = gpu.unbacked(call.loss_shape.as_deref().unwrap_or_default(), DType::F32)?;
    let loss = call.outputs.loss.as_ref().unwrap_or(&loss);
    let outcome = Memory::unbacked(gpu, "wgloss outcome", outcome_bytes(rows))?;
    let make = |one: &ObservedTensor| gpu.unbacked(&one.shape, one.dtype);
    let observed_tensors = observed::tensors(call.observed, &call.outputs.observed, |_| None, make)?;
    for (number, Planned { plan, part, outputs, sum }) in planned.iter().enumerate() {
        let unbacked = |(name, bytes)| Ok((name, Arc::new(Memory::unbacked(gpu, "wgloss workspace", bytes)?)));
        let columns = plan.columns.as_ref().map(|columns| ("columns", size_of_val(&columns[..]) as u64));
        let scratch = plan.scratch.iter().map(|scratch| (scratch.name, scratch.bytes));
        let memories = scratch.chain(columns).map(unbacked).collect::<Result<Vec<_>>>()?;
        let (outcome, statistics) = (&outcome, part.among.as_ref());
        let observed = of_part(call.observed, &observed_tensors, number);
        let tensors = &PartTensors { part, outputs, sum: *sum, loss, losses: loss, observed, statistics, outcome };
        Binder { gpu, plan, tensors, memories: &memories, pool: &Pool::default() }.fits()?;
    }
    Ok(workspace_of(rows, &planned, &sums))
}

/// The observations of a part that are tensors, with their tensors.
fn of_part<'a>(observed: &[ObservedTensor], tensors: &'a [Tensor], part: usize) -> Vec<(Observation, &'a Tensor)> {
    let own = observed.iter().zip(tensors).filter(|(observed, _)| observed.part == part);
    own.map(|(observed, tensor)| (observed.observation, tensor)).collect()
}

/// The bytes of the memory that kernels write and the caller does not see.
fn workspace_of(rows: u64, planned: &[Planned<'_>], sums: &Sums) -> u64 {
    let scratch = planned.iter().flat_map(|planned| &planned.plan.scratch);
    let of_sums = sums.tensors().map(Tensor::bytes).sum::<u64>();
    Memory::size(outcome_bytes(rows)) + of_sums + scratch.map(|scratch| Memory::size(scratch.bytes)).sum::<u64>()
}

/// The number of rows in the outcome of a term: rows of its parts, then rows of their observations.
fn rows(term: &Term<Tensor>) -> u64 {
    let parts = || term.parts.iter();
    (parts().flat_map(Part::outcome_rows).count() + parts().flat_map(Part::observation_rows).count()) as u64
}

fn outcome_bytes(rows: u64) -> u64 {
    Verdict::BYTES + Verdict::PART_BYTES * rows
}

/// The plan of a part, or of the rounding of a gradient, and what to bind for it.
struct Planned<'a> {
    plan: Plan,
    part: &'a Part<Tensor>,
    outputs: &'a Outputs,
    sum: Option<&'a Tensor>,
}

/// The verdict of the replaced job if it checks the same labels, or a new verdict.
fn verdict(gpu: &Gpu, rows: u64, parts: Vec<VerdictRow>, replaced: Option<&Built>) -> Result<Arc<Verdict>> {
    if let Some(known) = replaced.map(|replaced| &replaced.outcome.verdict).filter(|known| known.parts == parts) {
        return Ok(known.clone());
    }
    // COPY_DST, because `Job::check` clears the kept label in this memory
    let usage = WORKSPACE | wgpu::BufferUsages::COPY_DST;
    let memory = Memory::new(gpu, "wgloss outcome", outcome_bytes(rows), Some(&Verdict::fresh()), usage)?;
    Ok(Arc::new(Verdict::new(Arc::new(memory), parts)))
}

/// Plans all parts and the rounding of their gradients. Also returns, for each row of the outcome, what a verdict has to know.
fn plans<'a>(gpu: &'a Gpu, call: &Call<'a>, sums: &'a Sums) -> Result<(Vec<Planned<'a>>, Vec<VerdictRow>)> {
    let Call { planned: term, checked, outputs, ref loss_shape, statistics, .. } = *call;
    let request = Request {
        part: &term.parts[0],
        checked: &checked[0],
        wanted: &[],
        first_outcome_row: 0,
        outcome_rows: term.parts.iter().flat_map(Part::outcome_rows).count(),
        first_sums_entry: 0,
        first_observed_row: term.parts.iter().flat_map(Part::outcome_rows).count(),
        first_observed_entry: term.parts.iter().map(Part::entries).sum(),
        loss_slot: if loss_shape.is_some() { 0 } else { outputs.slot },
        sums: match &outputs.parts {
            None => KeptSums::Nothing,
            Some(parts) if parts.add => KeptSums::Added,
            Some(_) => KeptSums::Stored,
        },
        workspace_bound: gpu.workspace_bound(),
        statistics: statistics.is_some(),
        combined: false,
        target: gpu.target(),
    };
    let mut written = vec![false; outputs.gradients.len()];
    let (mut planned, mut verdicts, mut entry) = (Vec::new(), Vec::new(), 0);
    let mut observed: Vec<VerdictRow> = Vec::new();
    for (part, checked) in term.parts.iter().zip(checked) {
        let wanted = wanted(part, &sums.outputs, &mut written);
        let rows = part.outcome_rows();
        let request = Request {
            part,
            checked,
            wanted: &wanted,
            first_outcome_row: verdicts.len(),
            first_sums_entry: entry,
            first_observed_row: request.first_observed_row + observed.len(),
            first_observed_entry: request.first_observed_entry + observed.len(),
            ..request
        };
        entry += part.entries();
        planned.push(Planned { plan: plan(&request)?, part, outputs: &sums.outputs, sum: None });
        verdicts.extend(rows.into_iter().map(|row| verdict_row(part, checked, row)));
        observed.extend(part.observation_rows().into_iter().map(|row| verdict_row(part, checked, row)));
    }
    verdicts.extend(observed);
    for (sum, wanted) in sums.rounded(outputs) {
        let plan = rounding(&Request { wanted: &[wanted], ..request }, sum.len())?;
        planned.push(Planned { plan, part: request.part, outputs, sum: Some(sum) });
    }
    Ok((planned, verdicts))
}

/// The scratch memories of a plan, and the constants that its kernels read: columns and broadcast axes.
fn memories(gpu: &Gpu, pool: &Pool, number: usize, plan: &Plan) -> Result<Vec<(&'static str, Arc<Memory>)>> {
    let scales = plan.stages.iter().filter(|stage| stage.recipe.entry() == geometry::TOTALS_SCALE.name());
    let losses = scales.flat_map(|stage| stage.recipe.overrides().filter(|(name, _)| *name == choice::WALK_LOSS.0));
    let scaled = losses.fold(0, |scaled, (_, loss)| scaled | (1 << loss as u32));
    let mut memories = Vec::new();
    for Scratch { name, bytes, .. } in &plan.scratch {
        // the workspace begins with the scales of gradients; they are 1 unless the plan has a kernel that writes them
        let ones: &[u8] = bytemuck::cast_slice(&[1.0f32; 4]);
        let of = Use { label: "wgloss workspace", plan: number, name, scaled };
        let contents = (*name == "workspace").then_some(ones);
        memories.push((*name, pool.scratch(gpu, of, *bytes, contents, WORKSPACE)?));
    }
    if let Some(columns) = &plan.columns {
        let bytes: &[u8] = bytemuck::cast_slice(columns);
        memories.push(("columns", pool.constant(gpu, "wgloss columns", bytes, WORKSPACE)?));
    }
    if let Some(axes) = &plan.broadcast {
        let bytes: &[u8] = bytemuck::cast_slice(axes);
        memories.push(("broadcast", pool.constant(gpu, "wgloss broadcast", bytes, wgpu::BufferUsages::UNIFORM)?));
    }
    Ok(memories)
}

/// The parts as they are planned, with typical values for the numbers that change between runs.
pub(super) fn for_any_value(term: &Term<Tensor>) -> Result<Term<Tensor>> {
    Ok(Term::of_parts(term.parts.iter().map(numbers::for_any_value).collect::<Result<_>>()?))
}

/// The number of entries that all parts have in the caller's tensor of sums.
pub(super) fn entries(term: &Term<Tensor>) -> usize {
    term.parts.iter().map(|part| part.entries() + part.observation_rows().len()).sum()
}

/// The dispatches and parameters of each binder. Missing pipelines are made together, because a driver may take seconds
/// for each.
fn dispatches(gpu: &Gpu, binders: &[Binder<'_>]) -> Result<(Vec<Vec<Dispatch>>, Vec<ParamBlocks>)> {
    let (mut kernels, mut of_parts) = (Vec::new(), Vec::new());
    for binder in binders {
        let (own, of_stages) = binder.kernels();
        of_parts.push((kernels.len(), of_stages));
        kernels.extend(own);
    }
    let pipelines = gpu.pipeline_store().get(gpu, &kernels)?;
    let (mut dispatches, mut blocks) = (Vec::new(), Vec::new());
    for (binder, (first, of_stages)) in binders.iter().zip(of_parts) {
        let of_stages = of_stages.into_iter().map(|kernel| pipelines[first + kernel].clone());
        let (of_part, of_params) = binder.dispatches(of_stages)?;
        dispatches.push(of_part);
        blocks.push(of_params);
    }
    Ok((dispatches, blocks))
}

/// The gradients that a part contributes to. The first part to write a gradient stores it, unless the caller adds; the
/// others add.
fn wanted(part: &Part<Tensor>, outputs: &Outputs, written: &mut [bool]) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    // where an operand's gradient goes to several outputs, its sum is that of the first
    let outputs =
        outputs.gradients.iter().enumerate().filter(|(output, gradient)| first_of(outputs, &gradient.of) == *output);
    for (output, gradient) in outputs {
        for operand in places(part, &gradient.of) {
            // if two operands of one part share an output, its plan handles that
            wanted.push(Wanted {
                operand,
                output,
                add: gradient.add || written[output],
                dtype: gradient.into.dtype(),
                in_place: gradient.is_in_place(),
            });
        }
    }
    wanted.iter().for_each(|wanted| written[wanted.output] = true);
    wanted
}

fn verdict_row(part: &Part<Tensor>, checked: &Checked, row: OutcomeRow) -> VerdictRow {
    VerdictRow {
        row,
        loss: part.loss.header().id,
        operand: checked.labels.as_ref().map_or("", |labels| labels.operand),
        count: checked.labels.as_ref().map_or(0, |labels| labels.count as u64),
        ignored: checked.labels.as_ref().and_then(|labels| labels.ignored),
        lengths: checked.labels.as_ref().and_then(|labels| labels.lengths.clone()),
        segments: checked.labels.as_ref().and_then(|labels| labels.segments.clone()),
        inspections: checked.inspections.clone(),
        numbers: numbers::named(part),
    }
}
