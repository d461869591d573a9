//! A prepared term: everything is made once, and can be recorded many times.

use crate::check;
use crate::error::{Error, Result};
use crate::gpu::bind::Dispatch;
use crate::gpu::build::{Built, Call, Explain, Held, build, entries, for_any_value, workspace};
use crate::gpu::context::Gpu;
use crate::gpu::numbers;
use crate::gpu::observed;
use crate::gpu::outcome::Outcome;
use crate::gpu::outputs::{self, Outputs};
use crate::gpu::tensor::Tensor;
use crate::gpu::transfer::Read;
use crate::options::OptionType;
use crate::reduction::Reduction;
use crate::term::{Part, Scale, Term, not_reduced};
use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};

/// A prepared term, which owns its parameters, bind groups and workspace.
///
/// [`encode`](Self::encode) records only dispatches into your own compute pass: no copy, clear, write, submission or
/// read. Nothing is written until you submit. Reads of the job's [`outcome`](Self::outcome), and
/// [`check`](Self::check), report bad labels on the GPU.
#[derive(Clone, Debug)]
pub struct Job {
    gpu: Gpu,
    built: Arc<Built>,
}

/// A call's losses, options and outputs in words, without its tensors and their shapes.
fn described(term: &Term<Tensor>, outputs: &Outputs) -> Vec<String> {
    let scale = |scale: &Scale<Tensor>| if let Scale::Tensor(_) = scale { "a tensor" } else { "a number" };
    let part = |part: &Part<Tensor>| {
        let operands = part.operands.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
        let varying = part.varying.iter().map(|one| (one.number.as_str(), one.from.is_some())).collect::<Vec<_>>();
        let divisor = part.divide_by.as_ref().map_or("its own", scale);
        let Part { name, weight, loss, reduction, upstream, .. } = part;
        format!(
            "{weight} * {name}, {loss:?} of {operands:?}, {}, upstream {}, divided by {divisor}, varying {varying:?}",
            reduction.get(),
            scale(upstream)
        )
    };
    let slot = outputs.counter.is_some().then(|| "a counted slot".to_string());
    term.parts.iter().map(part).chain(slot).collect()
}

/// Builds the job of a call.
fn built(gpu: &Gpu, call: &Call<'_>, explain: Explain<'_>) -> Result<Job> {
    Ok(Job { gpu: gpu.clone(), built: Arc::new(build(gpu, call, explain)?) })
}

impl Job {
    pub(super) fn new(gpu: &Gpu, term: &Term<Tensor>, outputs: &Outputs) -> Result<Job> {
        Job::explained(gpu, term, outputs, &mut |_| {})
    }

    /// [`new`](Self::new), which also calls `explain` with the binder of each plan.
    pub(super) fn explained(gpu: &Gpu, term: &Term<Tensor>, outputs: &Outputs, explain: Explain<'_>) -> Result<Job> {
        Job::checked(gpu, term, outputs, |call| built(gpu, call, explain))
    }

    /// The bytes of workspace that the job of a term would hold.
    pub(super) fn workspace_of(gpu: &Gpu, term: &Term<Tensor>, outputs: &Outputs) -> Result<u64> {
        Job::checked(gpu, term, outputs, |call| workspace(gpu, call))
    }

    /// Checks a call, and passes it to `go_on`.
    fn checked<R>(
        gpu: &Gpu,
        term: &Term<Tensor>,
        outputs: &Outputs,
        go_on: impl FnOnce(&Call<'_>) -> Result<R>,
    ) -> Result<R> {
        gpu.alive()?;
        gpu.refuse_foreign_operands(term)?;
        gpu.refuse_foreign_outputs(term, outputs)?;
        let (taken_apart, checked) = check::term(term)?;
        let of: Vec<&Tensor> = outputs.gradients.iter().map(|gradient| &gradient.of).collect();
        check::differentiable(term, &of)?;
        let unreduced = taken_apart.parts.iter().zip(&checked).find(|(part, _)| part.reduction == Reduction::None);
        let loss_shape = unreduced.map(|(_, checked)| checked.loss_shape.clone());
        let planned = for_any_value(&taken_apart)?;
        let observed = observed::of_parts(&planned.parts, &checked);
        outputs.check(term, loss_shape.as_deref(), entries(&planned), &observed)?;
        let (parts, planned, checked, observed) = (&taken_apart, &planned, &checked[..], &observed[..]);
        let (statistics, replaced) = (None, None);
        let call = Call { term, parts, planned, checked, outputs, loss_shape, observed, statistics, replaced };
        go_on(&call)
    }

    /// A job that writes the statistics of a shard, and computes no loss.
    pub(super) fn of_statistics(gpu: &Gpu, term: &Term<Tensor>, into: Option<&Tensor>) -> Result<(Job, Tensor)> {
        gpu.alive()?;
        gpu.refuse_foreign_operands(term)?;
        if let Some(into) = into {
            gpu.refuse_foreign(term.id(), "statistics", into)?;
        }
        let (part, checked, shape) = check::statistics(term)?;
        let into = match into {
            Some(into) => into.clone(),
            None => gpu.empty(shape.clone())?,
        };
        outputs::check_statistics(term, &shape, &into)?;
        let parts = Term::of_parts(vec![part]);
        let planned = for_any_value(&parts)?;
        let (checked, outputs) = ([checked], Outputs::default());
        let (parts, planned, checked, outputs) = (&parts, &planned, &checked[..], &outputs);
        let (loss_shape, observed, statistics, replaced) = (None, &[][..], Some(&into), None);
        let call = Call { term, parts, planned, checked, outputs, loss_shape, observed, statistics, replaced };
        let mut built = build(gpu, &call, &mut |_| {})?;
        let into = into.with_verdict(built.outcome.verdict.clone());
        (built.outcome.tensor, built.outcome.reduced) = (into.clone(), false);
        Ok((Job { gpu: gpu.clone(), built: Arc::new(built) }, into))
    }

    /// Prepares a job of the same losses for other tensors: the next batch of a buffer, or a shorter last batch. The new job
    /// replaces this one: both share workspace, results, pipelines and the numbers that are [set](Self::set), and a read gives
    /// the last run of either. A job whose labels have another number of classes has its own results.
    ///
    /// If the loss is reduced, most batches of a loop allocate no GPU memory and make no pipeline. A batch may allocate a few
    /// KiB, which are kept for the next epoch. It may make a pipeline if it has a new shape, or a tensor whose offset modulo the
    /// alignment of bindings (256 bytes on most devices) is new. To avoid both in the loop, bind all batches before it, and keep
    /// their jobs.
    ///
    /// ```no_run
    /// # use wgloss::{CrossEntropy, DType, Error, Gpu, Outputs, wgpu};
    /// # fn epoch(gpu: &Gpu, logits: &wgpu::Buffer, labels: &wgpu::Buffer) -> Result<(), Error> {
    /// let (rows, classes, batch) = (1000, 10, 64);
    /// let term = |from: usize| {
    ///     let n = batch.min(rows - from);
    ///     let bytes = |from: usize, n: usize| (4 * from as u64)..(4 * (from + n) as u64);
    ///     let x = gpu.wrap(logits.slice(bytes(from * classes, n * classes)), [n, classes], DType::F32)?;
    ///     let t = gpu.wrap(labels.slice(bytes(from, n)), [n], DType::I32)?;
    ///     Ok::<_, Error>(CrossEntropy::default().of(&x, &t))
    /// };
    /// let mut job = gpu.prepare(&term(0)?, &Outputs::default())?;
    /// for from in (0..rows).step_by(batch) {
    ///     job = job.rebind(&term(from)?, &Outputs::default())?;
    ///     job.run()?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Gpu::prepare`]; [`Error::InvalidOption`](crate::Error::InvalidOption) for a term that differs in more than its
    /// tensors and shards: in losses, options, coefficients, operands that are given, or numbers that vary. A number
    /// that varies has to have the value that the job was prepared with: [`set`](Self::set) changes it.
    pub fn rebind(&self, term: &Term<Tensor>, outputs: &Outputs) -> Result<Job> {
        if self.built.held.statistics.is_some() {
            let (loss, operand) = (term.id(), "statistics".into());
            let reason = "can't be bound anew: prepare another job with `Gpu::prepare_statistics`".into();
            return Err(Error::InvalidOperand { loss, operand, reason });
        }
        self.refuse_another(term, outputs)?;
        let replaced = Some(&*self.built);
        Job::checked(&self.gpu, term, outputs, |call| built(&self.gpu, &Call { replaced, ..call.clone() }, &mut |_| {}))
    }

    /// Refuses a term that differs in more than its tensors, because both jobs share the memory that their kernels write.
    fn refuse_another(&self, term: &Term<Tensor>, outputs: &Outputs) -> Result<()> {
        let held = &self.built.held;
        let (own, other) = (described(&held.term, &held.outputs), described(term, outputs));
        if own == other {
            return Ok(());
        }
        // what differs first, as the whole of a sum would be too long to read
        let place = own.iter().zip(&other).take_while(|(own, other)| own == other).count();
        let said = |described: &[String]| described.get(place).cloned().unwrap_or("nothing more".into());
        let varies = term.parts.iter().any(|part| !part.varying.is_empty());
        let hint = if varies { "; `Job::set` changes a number that varies" } else { "" };
        Err(Error::InvalidOption {
            loss: held.term.id(),
            option: "term".into(),
            value: said(&other),
            expected: format!(
                "the losses and options that the job was prepared with, on other tensors: {}{hint}",
                said(&own)
            ),
        })
    }

    /// Records the job's dispatches into a compute pass, in a debug group for each part. It leaves a pipeline and bind group 0
    /// set; other bind groups stay as they are.
    ///
    /// **The pass has to belong to this context's device**; wgpu does not tell which device a pass belongs to. If the
    /// pass belongs to another device of the same [`wgpu::Instance`], nothing is recorded, and wgpu refuses the pass
    /// when it is finished. If it belongs to another instance, something else may be recorded, or nothing. Then the job
    /// has not run, and reads of its results give [`Error::NotRun`](crate::Error::NotRun). They also give it if the
    /// pass is dropped, or is not submitted yet.
    pub fn encode(&self, pass: &mut wgpu::ComputePass<'_>) {
        self.recorded(pass, None);
    }

    /// Records a run. If `slot` is given, with the dispatch that writes it, the loss goes to this slot instead of the
    /// job's own.
    fn recorded(&self, pass: &mut wgpu::ComputePass<'_>, slot: Option<(&Dispatch, usize)>) {
        self.built.outcome.verdict.runs.record();
        // wgpu panics if the pass belongs to another instance that has no pipeline or bind group with the ids of this job's
        #[cfg(not(target_arch = "wasm32"))]
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.record(pass, slot)));
        #[cfg(target_arch = "wasm32")]
        self.record(pass, slot);
    }

    fn record(&self, pass: &mut wgpu::ComputePass<'_>, slot: Option<(&Dispatch, usize)>) {
        let values = self.built.numbers.values();
        let record = |pass: &mut wgpu::ComputePass<'_>, dispatch: &Dispatch, bits: Option<u32>| {
            let offsets = bits.map(|bits| numbers::offsets(&self.gpu, bits));
            pass.set_pipeline(&dispatch.pipeline.pipeline);
            pass.set_bind_group(0, &dispatch.group, offsets.as_ref().map_or(&[], |offsets| &offsets[..]));
            pass.dispatch_workgroups(dispatch.grid[0], dispatch.grid[1], 1);
        };
        if let Some((dispatch, slot)) = slot {
            record(pass, dispatch, Some(slot as u32));
        }
        for part in &self.built.parts {
            pass.push_debug_group(&part.label);
            for dispatch in &part.dispatches {
                record(pass, dispatch, dispatch.number.map(|number| values[number]));
            }
            pass.pop_debug_group();
        }
        // writes the job's own slot again, for runs that are recorded without one
        if let Some((dispatch, _)) = slot {
            record(pass, dispatch, Some(self.built.held.outputs.slot as u32));
        }
    }

    /// Records the job as [`encode`](Self::encode) does, with the loss going to this element of
    /// [`Outputs::loss`](crate::Outputs::loss): one job fills a log with the losses of all steps. The slot travels with the
    /// recorded commands, so that no step but the first allocates anything, and none waits for the GPU.
    ///
    /// ```no_run
    /// # use wgloss::{Error, Gpu, Mse, Outputs, Tensor, wgpu};
    /// # fn train(gpu: &Gpu, x: &Tensor, t: &Tensor) -> Result<(), Error> {
    /// let log = gpu.empty([10_000])?;
    /// let job = gpu.prepare(&Mse::default().of(x, t), &Outputs { loss: Some(log.clone()), ..Outputs::default() })?;
    /// for step in 0..10_000 {
    ///     let mut encoder = gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    ///     job.encode_at(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default()), step)?;
    ///     gpu.queue().submit([encoder.finish()]);
    /// }
    /// let losses = log.read().wait()?.to_f32();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) for a slot beyond the end of the loss's tensor;
    /// [`Error::InvalidOption`](crate::Error::InvalidOption) for a term that is not reduced, or a job with a
    /// [`counter`](crate::Outputs::counter); [`Error::DeviceLost`](crate::Error::DeviceLost) if the loss of the device is known
    /// by then. Nothing is recorded in these cases. The first call makes a pipeline, and may fail as [`Gpu::prepare`] does.
    pub fn encode_at(&self, pass: &mut wgpu::ComputePass<'_>, slot: usize) -> Result<()> {
        self.gpu.alive()?;
        let Built { outcome, held, numbers, pool, .. } = &*self.built;
        let loss = held.term.id();
        if !outcome.reduced {
            return Err(not_reduced());
        }
        if held.outputs.counter.is_some() {
            let (option, expected) =
                ("slot".into(), "no slot, because the job has a counter: call `Job::encode`".into());
            return Err(Error::InvalidOption { loss, option, value: slot.to_string(), expected });
        }
        let log_length = outcome.tensor.len();
        if slot >= log_length {
            let (operand, expected) = ("loss".into(), format!("more than {slot} elements, for slot {slot}"));
            return Err(Error::ShapeMismatch { loss, operand, expected, got: outcome.tensor.shape().to_vec() });
        }
        let dispatch = numbers.slot(&self.gpu, pool, log_length)?;
        self.recorded(pass, Some((dispatch, slot)));
        Ok(())
    }

    /// Sets a number of a part for the runs that are recorded from now on: an option or the `coefficient`, which
    /// [`Term::varying`](crate::Term::varying) named. Runs that are recorded already keep their number, even if they are not
    /// submitted yet. No pipeline is made, and no memory is written. Jobs that were [bound anew](Self::rebind) share their
    /// numbers: what is set in one is set in all.
    ///
    /// `part` is the part's name, as [`Outcome::parts`](crate::Outcome::parts) gives it: the loss's id unless it was
    /// [named](crate::Term::named).
    ///
    /// ```no_run
    /// # use wgloss::{Dice, CrossEntropy, Error, Gpu, Outputs, Tensor};
    /// # fn train(gpu: &Gpu, logits: &Tensor, labels: &Tensor) -> Result<(), Error> {
    /// let dice = Dice::default().of(logits, labels).varying("coefficient");
    /// let job = gpu.prepare(&(CrossEntropy::default().of(logits, labels) + dice), &Outputs::default())?;
    /// for step in 0..100 {
    ///     job.set("dice", "coefficient", step as f32 / 100.0)?; // Dice counts more and more
    ///     job.run()?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidOption`](crate::Error::InvalidOption) for a number that does not vary, or a value out of its range;
    /// [`Error::DeviceLost`](crate::Error::DeviceLost) if the loss of the device is known by then.
    pub fn set(&self, part: &str, number: &str, value: f32) -> Result<()> {
        self.gpu.alive()?;
        let held = &self.built.held.term.parts;
        let asked = held.iter().find(|own| numbers::is_part_of(part, &own.name));
        let loss = asked.map_or("term", |own| own.loss.header().id);
        self.built.numbers.set((loss, part), number, value)
    }

    /// Runs the job in one submission.
    ///
    /// # Errors
    /// [`Error::InvalidOperand`](crate::Error::InvalidOperand) if the buffer of an operand or output was destroyed or
    /// is mapped, [`Error::DeviceLost`](crate::Error::DeviceLost), [`Error::Gpu`](crate::Error::Gpu).
    pub fn run(&self) -> Result<Outcome> {
        let submit = || {
            let mut encoder = self.gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            self.record(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default()), None);
            self.gpu.queue().submit([encoder.finish()]);
        };
        let run = self.built.outcome.verdict.runs.submit(|| self.gpu.scoped(submit));
        let Held { term, outputs, statistics, .. } = &self.built.held;
        run.map_err(|error| self.gpu.blame(error, outputs::used(term, outputs, statistics.as_ref())))?;
        Ok(self.outcome())
    }

    /// The results of the job's last run.
    pub fn outcome(&self) -> Outcome {
        self.built.outcome.clone()
    }

    /// Checks the labels of all runs since the last call, and that all runs have finished. It is for programs that do
    /// not read results through this library. There is no need to call it after each run, because the first bad label
    /// is kept until then. The error has the label's position in its batch, and not the run: to know the batch, check after
    /// each. Jobs that were [bound anew](Self::rebind) are checked together.
    ///
    /// # Errors
    /// The read gives [`Error::LabelOutOfRange`](crate::Error::LabelOutOfRange) with the first bad label of all runs,
    /// once; the next call reports only later runs. It gives [`Error::NotRun`](crate::Error::NotRun) if a recorded run
    /// has not finished.
    pub fn check(&self) -> Read<()> {
        Read::of_all_runs(&self.gpu, &self.built.outcome.verdict)
    }

    /// Whether nobody else holds the job or its results, so that another run may overwrite them.
    pub(super) fn is_free(&self) -> bool {
        let Outcome { gradients, observed, verdict, .. } = &self.built.outcome;
        // the references that the job's own outcome and its tensors hold
        let own = 2 + gradients.len() + observed.len();
        let is_free = Arc::strong_count(&self.built) == 1 && Arc::strong_count(verdict) == own;
        // sees what other threads wrote before they dropped their references: one may have shown a buffer
        fence(Ordering::Acquire);
        is_free && !self.is_shown()
    }

    /// Whether a caller has seen the buffer of a result, so that the job is never free again.
    pub(super) fn is_shown(&self) -> bool {
        let Outcome { tensor, gradients, observed, .. } = &self.built.outcome;
        let observed = observed.iter().map(|(_, tensor)| tensor);
        [tensor].into_iter().chain(gradients).chain(observed).any(|tensor| tensor.memory().is_shown())
    }

    /// The number of dispatches that [`encode`](Self::encode) records.
    pub fn dispatches(&self) -> usize {
        self.built.parts.iter().map(|part| part.dispatches.len()).sum()
    }

    /// The bytes of workspace that the job holds.
    pub fn workspace(&self) -> u64 {
        self.built.workspace
    }
}
