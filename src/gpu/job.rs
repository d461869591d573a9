//! A prepared term: everything is made once, and can be recorded many times.

use crate::check::{self, Checked};
use crate::error::Result;
use crate::gpu::bind::{Binder, Dispatch};
use crate::gpu::context::Gpu;
use crate::gpu::memory::Memory;
use crate::gpu::outcome::Outcome;
use crate::gpu::outputs::{self, Gradient, Outputs};
use crate::gpu::plan::{Plan, Request, Scratch, Wanted, plan, rounding};
use crate::gpu::sums::{Sums, places};
use crate::gpu::tensor::Tensor;
use crate::gpu::transfer::Read;
use crate::gpu::verdict::{Verdict, VerdictPart};
use crate::reduction::Reduction;
use crate::term::{Part, Row, Term};
use std::sync::Arc;

/// A prepared term, which owns its parameters, bind groups and workspace.
///
/// [`encode`](Self::encode) records only dispatches into your own compute pass: no copy, clear, write, submission or
/// read. Nothing is written until you submit. Reads of the job's [`outcome`](Self::outcome), and
/// [`check`](Self::check), report bad labels on the GPU.
#[derive(Clone, Debug)]
pub struct Job {
    gpu: Gpu,
    dispatches: Arc<[Dispatch]>,
    outcome: Outcome,
    workspace: u64,
    held: Arc<Held>,
}

/// Keeps alive the buffers in the bind groups, so that they count as used memory.
#[derive(Debug)]
struct Held {
    term: Term<Tensor>,
    outputs: Outputs,
    statistics: Option<Tensor>,
    _tensors: Vec<Tensor>,
    _memories: Vec<Memory>,
}

/// A call that has been checked.
struct Call<'a> {
    term: &'a Term<Tensor>,
    /// The losses of the term, each a part of its own, and what the checks found out about each.
    parts: &'a Term<Tensor>,
    checked: &'a [Checked],
    outputs: &'a Outputs,
    /// The shape of an unreduced loss.
    loss_shape: Option<Vec<usize>>,
    /// Where the statistics of a shard go.
    statistics: Option<&'a Tensor>,
}

/// What is called with each part's plan and what it is bound to, before any pipeline is made.
pub(super) type Explain<'a> = &'a mut dyn FnMut(&Binder<'_>);

impl Job {
    pub(super) fn new(gpu: &Gpu, term: &Term<Tensor>, outputs: &Outputs) -> Result<Job> {
        Job::explained(gpu, term, outputs, &mut |_| {})
    }

    /// [`new`](Self::new), with its plans explained.
    pub(super) fn explained(gpu: &Gpu, term: &Term<Tensor>, outputs: &Outputs, explain: Explain<'_>) -> Result<Job> {
        gpu.alive()?;
        outputs::refuse_foreign(gpu, term)?;
        outputs.refuse_foreign(gpu, term)?;
        let (taken_apart, checked) = check::term(term)?;
        let of: Vec<&Tensor> = outputs.gradients.iter().map(|gradient| &gradient.of).collect();
        check::differentiable(term, &of)?;
        let unreduced = taken_apart.parts.iter().zip(&checked).find(|(part, _)| part.reduction == Reduction::None);
        let loss_shape = unreduced.map(|(_, checked)| checked.loss_shape.clone());
        outputs.check(term, loss_shape.as_deref())?;
        let call = Call { term, parts: &taken_apart, checked: &checked, outputs, loss_shape, statistics: None };
        Job::build(gpu, &call, explain)
    }

    /// A job that writes the statistics of a shard, and computes no loss.
    pub(super) fn of_statistics(gpu: &Gpu, term: &Term<Tensor>, into: Option<&Tensor>) -> Result<(Job, Tensor)> {
        gpu.alive()?;
        outputs::refuse_foreign(gpu, term)?;
        if let Some(into) = into {
            outputs::refuse_foreign_output(gpu, term.id(), "statistics", into)?;
        }
        let (part, checked, shape) = check::statistics(term)?;
        let into = match into {
            Some(into) => into.clone(),
            None => gpu.empty(shape.clone())?,
        };
        outputs::check_statistics(term, &shape, &into)?;
        let parts = Term { parts: vec![part] };
        let (checked, outputs) = ([checked], Outputs::default());
        let (parts, statistics) = (&parts, Some(&into));
        let call = Call { term, parts, checked: &checked, outputs: &outputs, loss_shape: None, statistics };
        let mut job = Job::build(gpu, &call, &mut |_| {})?;
        let into = into.with_verdict(job.outcome.verdict.clone());
        (job.outcome.tensor, job.outcome.reduced) = (into.clone(), false);
        Ok((job, into))
    }

    /// Builds a job of a term's parts. If the device refuses a buffer, the error names the operand.
    fn build(gpu: &Gpu, call: &Call<'_>, explain: Explain<'_>) -> Result<Job> {
        let built = Job::built(gpu, call, explain);
        gpu.answers()?;
        built.map_err(|error| gpu.blame(error, outputs::used(call.term, call.outputs, call.statistics)))
    }

    fn built(gpu: &Gpu, call: &Call<'_>, explain: Explain<'_>) -> Result<Job> {
        let Call { term: whole, parts: term, checked, outputs, ref loss_shape, statistics } = *call;
        let loss = match (&outputs.loss, loss_shape) {
            (Some(tensor), _) => tensor.clone(),
            (None, shape) => gpu.empty(shape.clone().unwrap_or_default())?,
        };
        let rows: Vec<Vec<Row>> = term.parts.iter().map(Part::rows).collect();
        let number_of_rows = rows.iter().map(|rows| rows.len() as u64).sum::<u64>();
        let bytes = Verdict::BYTES + Verdict::PART_BYTES * number_of_rows;
        // `check` clears the label that is kept there
        let usage = WORKSPACE | wgpu::BufferUsages::COPY_DST;
        let outcome = Arc::new(Memory::new(gpu, "wgloss outcome", bytes, Some(&Verdict::fresh()), usage)?);
        let number = gpu.empty([])?;
        let sums = Sums::new(gpu, term, outputs)?;
        let request = Request {
            part: &term.parts[0],
            checked: &checked[0],
            wanted: &[],
            place: 0,
            slot: if loss_shape.is_some() { 0 } else { outputs.slot },
            places: number_of_rows as usize,
            workspace_bound: gpu.workspace_bound(),
            statistics: statistics.is_some(),
            target: gpu.target(),
        };
        let mut written = vec![false; outputs.gradients.len()];
        let (mut planned, mut verdicts) = (Vec::new(), Vec::new());
        for ((part, checked), rows) in term.parts.iter().zip(checked).zip(rows) {
            let wanted = wanted(part, &sums.outputs, &mut written);
            let request = Request { part, checked, wanted: &wanted, place: verdicts.len(), ..request };
            planned.push(Planned::new(plan(&request)?, part, &sums.outputs, None, gpu)?);
            verdicts.extend(rows.into_iter().map(|row| verdict_part(part, checked, row)));
        }
        for (sum, wanted) in sums.rounded(outputs) {
            let plan = rounding(&Request { wanted: &[wanted], ..request }, sum.len())?;
            planned.push(Planned::new(plan, request.part, outputs, Some(sum), gpu)?);
        }
        let binders = planned.iter().map(|planned| Binder {
            gpu,
            part: planned.part,
            plan: &planned.plan,
            memories: &planned.memories,
            outputs: planned.outputs,
            sum: planned.sum,
            // the loss of an unreduced term is a tensor, so its sum goes only to the outcome
            loss: if loss_shape.is_some() { &number } else { &loss },
            losses: &loss,
            statistics: statistics.or(planned.part.among.as_ref()),
            outcome: &outcome,
        });
        let binders: Vec<Binder<'_>> = binders.collect();
        binders.iter().for_each(explain);
        let (dispatches, params) = dispatches(gpu, &binders)?;
        let of_sums = sums.tensors().map(Tensor::bytes).sum::<u64>();
        let workspace = outcome.bytes + of_sums + planned.iter().map(Planned::workspace).sum::<u64>();
        let memories = planned.into_iter().flat_map(|planned| planned.memories).map(|(_, memory)| memory);
        let verdict = Arc::new(Verdict::new(outcome, verdicts));
        let tensor = loss.with_verdict(verdict.clone());
        let vouched = |gradient: &Gradient| gradient.into.clone().with_verdict(verdict.clone());
        let gradients = outputs.gradients.iter().map(vouched).collect();
        let outcome = Outcome { gpu: gpu.clone(), tensor, gradients, verdict, reduced: loss_shape.is_none() };
        let held = Held {
            term: whole.clone(),
            outputs: outputs.clone(),
            statistics: statistics.cloned(),
            _tensors: [number].into_iter().chain(sums.tensors().cloned()).collect(),
            _memories: memories.chain(params).collect(),
        };
        Ok(Job { gpu: gpu.clone(), dispatches: dispatches.into(), outcome, workspace, held: Arc::new(held) })
    }

    /// Records the job's dispatches into a compute pass.
    ///
    /// **The pass has to belong to this context's device**; wgpu does not tell which device a pass belongs to. If the
    /// pass belongs to another device of the same [`wgpu::Instance`], nothing is recorded, and wgpu refuses the pass
    /// when it is finished. If it belongs to another instance, something else may be recorded, or nothing. Then the job
    /// has not run, and reads of its results give [`Error::NotRun`](crate::Error::NotRun). They also give it if the
    /// pass is dropped, or is not submitted yet.
    pub fn encode(&self, pass: &mut wgpu::ComputePass<'_>) {
        self.outcome.verdict.runs.record();
        // wgpu panics if another instance has nothing with the numbers of the job's pipelines and groups
        #[cfg(not(target_arch = "wasm32"))]
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.record(pass)));
        #[cfg(target_arch = "wasm32")]
        self.record(pass);
    }

    fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        for dispatch in &*self.dispatches {
            pass.set_pipeline(&dispatch.pipeline.pipeline);
            pass.set_bind_group(0, &dispatch.group, &[]);
            pass.dispatch_workgroups(dispatch.grid[0], dispatch.grid[1], 1);
        }
    }

    /// Runs the job in one submission.
    ///
    /// # Errors
    /// [`Error::InvalidOperand`](crate::Error::InvalidOperand) if the buffer of an operand or output was destroyed or
    /// is mapped, [`Error::DeviceLost`](crate::Error::DeviceLost), [`Error::Gpu`](crate::Error::Gpu).
    pub fn run(&self) -> Result<Outcome> {
        let submit = || {
            let mut encoder = self.gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            self.record(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default()));
            self.gpu.queue().submit([encoder.finish()]);
        };
        let run = self.outcome.verdict.runs.submit(|| self.gpu.scoped(submit));
        let Held { term, outputs, statistics, .. } = &*self.held;
        run.map_err(|error| self.gpu.blame(error, outputs::used(term, outputs, statistics.as_ref())))?;
        Ok(self.outcome())
    }

    /// The results of the job's last run.
    pub fn outcome(&self) -> Outcome {
        self.outcome.clone()
    }

    /// Checks the labels of all runs since the last call, and that all runs have finished. It is for programs that do
    /// not read results through this library. There is no need to call it after each run, because the first bad label
    /// is kept until then.
    ///
    /// # Errors
    /// The read gives [`Error::LabelOutOfRange`](crate::Error::LabelOutOfRange) with the first bad label of all runs,
    /// once; the next call reports only later runs. It gives [`Error::NotRun`](crate::Error::NotRun) if a recorded run
    /// has not finished.
    pub fn check(&self) -> Read<()> {
        Read::of_all_runs(&self.gpu, &self.outcome.verdict)
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

const WORKSPACE: wgpu::BufferUsages = wgpu::BufferUsages::STORAGE.union(wgpu::BufferUsages::COPY_SRC);

/// New memory that only the job uses.
fn scratch(gpu: &Gpu, label: &str, bytes: u64, contents: Option<&[u8]>) -> Result<Memory> {
    Memory::new(gpu, label, bytes, contents, WORKSPACE)
}

/// The plan of a part, or of rounding a gradient, and what to bind for it.
struct Planned<'a> {
    plan: Plan,
    memories: Vec<(&'static str, Memory)>,
    part: &'a Part<Tensor>,
    outputs: &'a Outputs,
    sum: Option<&'a Tensor>,
}

impl<'a> Planned<'a> {
    fn new(
        plan: Plan,
        part: &'a Part<Tensor>,
        outputs: &'a Outputs,
        sum: Option<&'a Tensor>,
        gpu: &Gpu,
    ) -> Result<Planned<'a>> {
        let mut memories = Vec::new();
        for Scratch { name, bytes, .. } in &plan.scratch {
            // the workspace begins with scales of 1; only some plans overwrite them
            let ones: &[u8] = bytemuck::cast_slice(&[1.0f32; 4]);
            memories.push((*name, scratch(gpu, "wgloss workspace", *bytes, (*name == "workspace").then_some(ones))?));
        }
        if let Some(columns) = &plan.columns {
            let bytes: &[u8] = bytemuck::cast_slice(columns);
            memories.push(("columns", scratch(gpu, "wgloss columns", bytes.len() as u64, Some(bytes))?));
        }
        Ok(Planned { plan, memories, part, outputs, sum })
    }

    /// The bytes of memory without the loss's constant columns.
    fn workspace(&self) -> u64 {
        self.memories.iter().filter(|(name, _)| *name != "columns").map(|(_, memory)| memory.bytes).sum()
    }
}

/// The dispatches of all parts, and the memories of their parameters. Missing pipelines are made together, because a
/// driver may take seconds for each.
fn dispatches(gpu: &Gpu, binders: &[Binder<'_>]) -> Result<(Vec<Dispatch>, Vec<Memory>)> {
    let (mut kernels, mut of_parts) = (Vec::new(), Vec::new());
    for binder in binders {
        let (own, of_stages) = binder.kernels();
        of_parts.push((kernels.len(), of_stages));
        kernels.extend(own);
    }
    let pipelines = gpu.kernels().get(gpu, &kernels)?;
    let (mut dispatches, mut params) = (Vec::new(), Vec::new());
    for (binder, (first, of_stages)) in binders.iter().zip(of_parts) {
        let of_stages = of_stages.into_iter().map(|kernel| pipelines[first + kernel].clone());
        let (made, memory) = binder.dispatches(of_stages)?;
        dispatches.extend(made);
        params.push(memory);
    }
    Ok((dispatches, params))
}

/// The gradients that a part contributes to. The first part to write a gradient stores it, unless the caller adds; the
/// others add.
fn wanted(part: &Part<Tensor>, outputs: &Outputs, written: &mut [bool]) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for (output, gradient) in outputs.gradients.iter().enumerate() {
        for operand in places(part, &gradient.of) {
            // the plan handles two operands of one part that share an output
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

fn verdict_part(part: &Part<Tensor>, checked: &Checked, row: Row) -> VerdictPart {
    VerdictPart {
        row,
        loss: part.loss.header().id,
        operand: checked.labels.as_ref().map_or("", |labels| labels.operand),
        count: checked.labels.as_ref().map_or(0, |labels| labels.count as u64),
        ignored: checked.labels.as_ref().and_then(|labels| labels.ignored),
    }
}
