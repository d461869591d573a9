//! The operations on the tensors of Burn's wgpu backend. Each is a wgloss job on Burn's own queue.
//!
//! Everything that can be refused has been refused before. A failure here, such as of an allocation, is a panic, which Burn
//! catches and reports at the next read or `sync`.

use crate::call::Call;
use crate::device::registered;
use crate::extension::{GradientOps, LossOps, Operands, Slot};
use crate::jobs::Key;
use crate::layout::{Dense, beside};
use crate::lend::Lent;
use crate::lock::lock;
use burn::tensor::{DType, Shape};
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use std::sync::Arc;
use wgloss::{Error, Gpu, Gradient, Job, Outputs, Result, Scale, Tensor};

impl LossOps for CubeBackend {
    fn wgloss_value(operands: Operands<Self>, call: Arc<Call>) -> CubeTensor {
        let operands = dense(operands, &call);
        let loss = beside(&operands[0].tensor, Shape::from(call.shape.clone()), DType::F32);
        let ran = Run { call: &call, operands: &operands, writes: Writes::Loss(&loss) }.run();
        let job = ran.unwrap_or_else(|error| panic!("wgloss: {error}"));
        if let Some(ran) = &call.ran {
            *lock(ran) = Some(job);
        }
        loss
    }
}

impl GradientOps for CubeBackend {
    fn wgloss_gradients(
        operands: Operands<Self>,
        upstream: CubeTensor,
        call: Arc<Call>,
        wanted: Vec<usize>,
    ) -> Operands<Self> {
        let operands = dense(operands, &call);
        let upstream = into_contiguous(upstream);
        let run = |into: &[Dense]| {
            let writes = Writes::Gradients { upstream: &upstream, wanted: &wanted, into };
            Run { call: &call, operands: &operands, writes }.run()
        };
        // the gradient may overwrite a tensor that nobody else holds
        let own = wanted.first().filter(|&&place| operands[place].is_own());
        let outputs = |own: Option<&usize>| -> Vec<Dense> {
            let output = |place| if own == Some(place) { operands[*place].clone() } else { operands[*place].like() };
            wanted.iter().map(output).collect()
        };
        let mut gradients = outputs(own);
        let mut ran = run(&gradients);
        if own.is_some() && matches!(ran, Err(Error::OverlappingBuffers { .. })) {
            gradients = outputs(None);
            ran = run(&gradients);
        }
        ran.unwrap_or_else(|error| panic!("wgloss: {error}"));
        let mut slots = vec![Slot::Empty; operands.len()];
        for (place, gradient) in wanted.into_iter().zip(gradients) {
            slots[place] = Slot::Float(gradient.into_tensor());
        }
        Operands::new(slots)
    }
}

/// The tensors of an operation in a layout that wgloss can read.
fn dense(operands: Operands<CubeBackend>, call: &Call) -> Vec<Dense> {
    let tensors = operands.slots().into_iter().filter_map(|slot| match slot {
        Slot::Empty => None,
        Slot::Float(tensor) | Slot::Int(tensor) | Slot::Bool(tensor) => Some(tensor),
    });
    tensors.zip(&call.turnable).map(|(tensor, turnable)| Dense::new(tensor, *turnable)).collect()
}

/// A run of a term on tensors.
struct Run<'a> {
    call: &'a Call,
    operands: &'a [Dense],
    writes: Writes<'a>,
}

/// The memory that a run writes.
enum Writes<'a> {
    Loss(&'a CubeTensor),
    Gradients { upstream: &'a CubeTensor, wanted: &'a [usize], into: &'a [Dense] },
}

impl Run<'_> {
    fn run(&self) -> Result<Arc<Job>> {
        let first = &self.operands[0].tensor;
        let known = registered(&first.device).map_err(|error| Error::Gpu(error.to_string()))?;
        let lent = |of: &[Dense]| of.iter().map(|dense| Lent::new(&dense.tensor)).collect::<Result<Vec<_>>>();
        // all tensors are held until the job is submitted
        let operands = lent(self.operands)?;
        let (upstream, wanted, outputs) = match self.writes {
            Writes::Loss(loss) => (None, Vec::new(), vec![Lent::new(loss)?]),
            Writes::Gradients { upstream, wanted, into } => (Some(Lent::new(upstream)?), wanted.to_vec(), lent(into)?),
        };
        // Burn's queued work has to be submitted before this job
        first.client.flush().map_err(|error| Error::Gpu(error.to_string()))?;
        let at = operands.iter().chain(&upstream).chain(&outputs).map(Lent::address).collect();
        let turned = self.operands.iter().map(|operand| operand.turned).collect();
        let key = Key { term: self.call.term.clone(), wanted, turned, at };
        let job =
            known.jobs.get(key, |before| self.prepare(&known.gpu, before, &operands, upstream.as_ref(), &outputs))?;
        job.run()?;
        Ok(job)
    }

    fn prepare(
        &self,
        gpu: &Gpu,
        before: Option<&Job>,
        operands: &[Lent],
        upstream: Option<&Lent>,
        outputs: &[Lent],
    ) -> Result<Job> {
        let wrap = |lent: &[Lent]| lent.iter().map(|lent| lent.wrap(gpu)).collect::<Result<Vec<_>>>();
        let (operands, outputs) = (wrap(operands)?, wrap(outputs)?);
        let mut term = self.call.term.map(|place| {
            let class_axis = self.operands[place.index].class_axis(place.class_axis);
            Ok(operands[place.index].clone().with_class_axis(class_axis))
        })?;
        if let Some(upstream) = upstream {
            term = term.upstream(Scale::Tensor(upstream.wrap(gpu)?));
        }
        let outputs = match self.writes {
            Writes::Loss(_) => Outputs { loss: outputs.into_iter().next(), ..Outputs::default() },
            Writes::Gradients { wanted, .. } => {
                let gradient = |(&place, into): (&usize, &Tensor)| Gradient::store(&operands[place], into);
                Outputs { gradients: wanted.iter().zip(&outputs).map(gradient).collect(), ..Outputs::default() }
            }
        };
        match before {
            Some(job) => job.rebind(&term, &outputs),
            None => gpu.prepare(&term, &outputs),
        }
    }
}
