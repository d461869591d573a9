//! Counts of a metric that stay on the GPU, and add up over batches.

use crate::check::{self, Counted};
use crate::error::{Error, Result};
use crate::gpu::bind::{Bindable, Binder, Dispatch};
use crate::gpu::context::Gpu;
use crate::gpu::memory::Memory;
use crate::gpu::plan::{Bound, Plan, Scratch, predictions};
use crate::gpu::pool::{Pool, Use};
use crate::gpu::tensor::{Tensor, ToGpu};
use crate::gpu::transfer::Read;
use crate::gpu::verdict::{Verdict, VerdictRow};
use crate::metrics::{Accuracy, ConfusionMatrix, Metric, Predictions};
use crate::shape::DType;
use crate::term::OutcomeRow;
use std::marker::PhantomData;
use std::sync::Arc;

/// The counts of a metric on the GPU. They stay there until they are read, and add up over batches.
///
/// ```no_run
/// use wgloss::{Gpu, Predictions};
/// # fn batches() -> Vec<(wgloss::Tensor, wgloss::Tensor)> { Vec::new() }
/// let gpu = Gpu::new()?;
/// let mut counts = None;
/// for (logits, labels) in batches() {
///     let predictions = Predictions::of(&logits, &labels).ignore_index(255);
///     match &mut counts {
///         None => counts = Some(gpu.confusion_matrix(&predictions)?),
///         Some(counts) => counts.add(&predictions)?,
///     }
/// }
/// if let Some(counts) = counts {
///     let matrix = counts.read().wait()?;
///     println!("{} {:?}", matrix.accuracy(), matrix.iou());
/// }
/// # Ok::<(), wgloss::Error>(())
/// ```
#[derive(Debug)]
pub struct Counts<M> {
    gpu: Gpu,
    /// The counts of all cells.
    cells: Tensor,
    verdict: Arc<Verdict>,
    pool: Pool,
    classes: usize,
    ignore_index: Option<i32>,
    /// The positions counted so far, including those that take no part.
    positions: u64,
    metric: PhantomData<M>,
}

impl Gpu {
    /// Counts the accuracy of predictions, in one submission. Nothing is read back.
    ///
    /// # Errors
    /// Those of [`Predictions`], and of the device.
    pub fn accuracy<T: ToGpu>(&self, predictions: &Predictions<T>) -> Result<Counts<Accuracy>> {
        Counts::of(self, predictions)
    }

    /// Counts the confusion matrix of predictions, in one submission. Nothing is read back.
    ///
    /// # Errors
    /// Those of [`Predictions`], and of the device.
    pub fn confusion_matrix<T: ToGpu>(&self, predictions: &Predictions<T>) -> Result<Counts<ConfusionMatrix>> {
        Counts::of(self, predictions)
    }
}

impl<M: Metric> Counts<M> {
    fn of<T: ToGpu>(gpu: &Gpu, predictions: &Predictions<T>) -> Result<Counts<M>> {
        let counted = checked::<M, T>(gpu, predictions)?;
        let mut counts = Counts::none(gpu, counted.classes, predictions.ignore_index)?;
        counts.count(predictions, &counted)?;
        Ok(counts)
    }

    /// Makes counts that are all 0.
    fn none(gpu: &Gpu, classes: usize, ignore_index: Option<i32>) -> Result<Counts<M>> {
        let cells = gpu.zeros(M::COUNTING.cells(classes), DType::U32)?;
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
        let bytes = Verdict::BYTES + Verdict::PART_BYTES;
        let memory = Memory::new(gpu, "wgloss outcome", bytes, Some(&Verdict::fresh()), usage)?;
        let part = |operand, ignored| VerdictRow {
            row: OutcomeRow { name: M::COUNTING.name().into(), weight: 1.0, extra: None },
            loss: M::COUNTING.name(),
            operand,
            count: classes as u64,
            ignored,
            lengths: None,
            segments: None,
            inspections: Vec::new(),
            numbers: Vec::new(),
        };
        // in the order of `BadLabel::operand` in `shaders/metrics/bad_label.wgsl`
        let parts = vec![part("target", ignore_index), part("input", None)];
        let verdict = Arc::new(Verdict::new(Arc::new(memory), parts));
        let (gpu, pool) = (gpu.clone(), Pool::default());
        Ok(Counts { gpu, cells, verdict, pool, classes, ignore_index, positions: 0, metric: PhantomData })
    }

    /// Counts the predictions of another batch, in one submission. Nothing is read back.
    ///
    /// # Errors
    /// Those of [`Predictions`], and of the device; [`Error::InvalidOption`] for another number of classes or another
    /// `ignore_index`, [`Error::TooLarge`] for more than 2^32 − 1 positions in all, including those that take no part. Nothing
    /// of this batch is counted then.
    pub fn add<T: ToGpu>(&mut self, predictions: &Predictions<T>) -> Result<()> {
        let counted = checked::<M, T>(&self.gpu, predictions)?;
        let text = |label: Option<i32>| label.map_or("none".into(), |label| label.to_string());
        let settings = [
            ("classes", counted.classes.to_string(), self.classes.to_string()),
            ("ignore_index", text(predictions.ignore_index), text(self.ignore_index)),
        ];
        match settings.into_iter().find(|(_, value, own)| value != own) {
            None => self.count(predictions, &counted),
            Some((option, value, own)) => Err(Error::InvalidOption {
                loss: M::COUNTING.name(),
                option: option.into(),
                value,
                expected: format!("{own}, as the counts so far have"),
            }),
        }
    }

    fn count<T: ToGpu>(&mut self, predictions: &Predictions<T>, counted: &Counted) -> Result<()> {
        let positions = self.positions + counted.walked.positions() as u64;
        M::COUNTING.countable(positions)?;
        let predictions = predictions.map(self.gpu.uploads())?;
        let overlaps = |tensor: &Tensor| tensor.memory().buffer == self.cells.memory().buffer;
        if let Some((name, _)) = predictions.operands().find(|(_, tensor)| overlaps(tensor)) {
            return Err(Error::OverlappingBuffers { output: "counts".into(), other: name.into(), rule: None });
        }
        let dispatches = self.dispatches(&predictions, counted);
        self.gpu.answers()?;
        let submitted = dispatches.and_then(|dispatches| self.submit(&dispatches));
        let used = || predictions.operands().map(|(name, tensor)| (name.to_string(), &tensor.memory().buffer));
        submitted
            .map_err(|error| self.gpu.blame(error, used().map(|(name, buffer)| (M::COUNTING.name(), name, buffer))))?;
        self.positions = positions;
        Ok(())
    }

    fn dispatches(&self, of: &Predictions<Tensor>, counted: &Counted) -> Result<Vec<Dispatch>> {
        let (gpu, pool) = (&self.gpu, &self.pool);
        let plan = predictions(M::COUNTING, of, counted, gpu.target())?;
        let memories = self.memories(&plan)?;
        let tensors = &Inputs { name: M::COUNTING.name(), of, outcome: &self.verdict.memory };
        let binder = Binder { gpu, plan: &plan, tensors, memories: &memories, pool };
        let (kernels, of_stages) = binder.kernels();
        let pipelines = gpu.pipeline_store().get(gpu, &kernels)?;
        let of_stages = of_stages.into_iter().map(|kernel| pipelines[kernel].clone());
        Ok(binder.dispatches(of_stages)?.0)
    }

    /// The memories that the kernels share: the counts, and scratch memory that each submission writes anew.
    fn memories(&self, plan: &Plan) -> Result<Vec<(&'static str, Arc<Memory>)>> {
        let memory = |scratch: &Scratch| {
            let Scratch { name, bytes, .. } = *scratch;
            let of = Use { label: "wgloss workspace", plan: 0, name, scaled: 0 };
            Ok((
                name,
                match name {
                    "counts" => self.cells.memory().clone(),
                    _ => self.pool.scratch(&self.gpu, of, bytes, None, wgpu::BufferUsages::STORAGE)?,
                },
            ))
        };
        plan.scratch.iter().map(memory).collect()
    }

    fn submit(&self, dispatches: &[Dispatch]) -> Result<()> {
        let submit = || {
            let mut encoder = self.gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            for dispatch in dispatches {
                pass.set_pipeline(&dispatch.pipeline.pipeline);
                pass.set_bind_group(0, &dispatch.group, &[]);
                pass.dispatch_workgroups(dispatch.grid[0], dispatch.grid[1], 1);
            }
            drop(pass);
            self.gpu.queue().submit([encoder.finish()]);
        };
        self.verdict.runs.submit(|| self.gpu.scoped(submit))
    }

    /// Reads the metric of all batches so far.
    ///
    /// The read gives [`Error::LabelOutOfRange`] if a label was out of range, with the first such label of the first
    /// such batch.
    pub fn read(&self) -> Read<M> {
        let (memory, bytes, classes) = (self.cells.memory(), self.cells.bytes(), self.classes);
        let finish = move |bytes: &[u8]| Ok(M::of_cells(classes, bytemuck::pod_collect_to_vec(bytes)));
        Read::of_memory(&self.gpu, memory, bytes, Some(&self.verdict), finish)
    }

    /// The counts in u32, for your own kernels.
    ///
    /// For an accuracy the shape is `[3]`: the positions that are right, that are wrong, and that have no prediction. For a
    /// confusion matrix it is `[C, C]`, with a row for each label and a column for each predicted class; after the matrix, its
    /// buffer holds for each label the number of positions without a prediction, `[C]`.
    pub fn tensor(&self) -> Tensor {
        let shape = match self.cells.shape() {
            [_, classes] => vec![*classes; 2],
            own => own.to_vec(),
        };
        self.cells.leading(shape).with_verdict(self.verdict.clone())
    }
}

/// Checks predictions, and that their tensors are on this device.
fn checked<M: Metric, T: ToGpu>(gpu: &Gpu, predictions: &Predictions<T>) -> Result<Counted> {
    gpu.alive()?;
    for (operand, tensor) in predictions.operands() {
        gpu.refuse_foreign(M::COUNTING.name(), operand, tensor)?;
    }
    check::predictions(M::COUNTING, predictions)
}

/// The tensors and the outcome for the bindings of a count.
struct Inputs<'a> {
    name: &'static str,
    of: &'a Predictions<Tensor>,
    outcome: &'a Memory,
}

impl Bindable for Inputs<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn tensor(&self, bound: &Bound) -> Option<&Tensor> {
        let Bound::Operand(name) = bound else { return None };
        self.of.operands().find(|(known, _)| known == name).map(|(_, operand)| operand)
    }

    fn outcome(&self) -> &Memory {
        self.outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::target::Target;

    #[test]
    fn more_positions_than_32_bits_count_are_refused() {
        let gpu = Gpu::noop(Target::ALL[1]);
        let labels = gpu.upload(&[0i32, 1], [2]).expect("8 bytes");
        let predictions = Predictions::of(&labels, &labels).classes(2);
        let mut counts = gpu.accuracy(&predictions).expect("2 positions");
        counts.positions = u64::from(u32::MAX) - 3;
        counts.add(&predictions).expect("2^32 - 2 positions");
        let said = counts.add(&predictions).expect_err("2^32 positions").to_string();
        assert_eq!(said, "accuracy: positions: 4294967296 needed, the limit is 4294967295");
        assert_eq!(counts.positions, u64::from(u32::MAX) - 1, "nothing is counted");
    }
}
