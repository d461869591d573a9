//! The operations on the tensors of Burn's wgpu backend: a job of wgloss on Burn's own queue.
//!
//! What can be refused has been refused. What fails here, such as an allocation, is a panic, which Burn catches and reports
//! at the next read or `sync`.

use crate::call::Call;
use crate::device::registered;
use crate::extension::{GradientOps, LossOps, Operands, Slot};
use crate::jobs::Key;
use crate::lend::Lent;
use crate::lock::lock;
use burn::backend::TensorMetadata;
use burn::tensor::{DType, Shape};
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use std::sync::Arc;
use wgloss::{Error, Gpu, Gradient, Job, Outputs, Result, Scale};

impl LossOps for CubeBackend {
    fn wgloss_value(operands: Operands<Self>, call: Arc<Call>) -> CubeTensor {
        let tensors = contiguous(operands);
        let loss = beside(&tensors[0], Shape::from(call.shape.clone()), DType::F32);
        let ran = Run { call: &call, tensors: &tensors, into: Into::Loss(&loss) }.run();
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
        let tensors = contiguous(operands);
        let upstream = into_contiguous(upstream);
        let run = |into: &[CubeTensor]| {
            let into = Into::Gradients { upstream: &upstream, wanted: &wanted, into };
            Run { call: &call, tensors: &tensors, into }.run()
        };
        // a tensor that nobody else has may be overwritten by its gradient
        let own = wanted.first().filter(|&&place| tensors[place].can_mut() && tensors[place].dtype == DType::F32);
        let outputs = |own: Option<&usize>| -> Vec<CubeTensor> {
            let output = |place: &usize| match &tensors[*place] {
                of if own == Some(place) => of.clone(),
                of => beside(of, of.shape(), of.dtype),
            };
            wanted.iter().map(output).collect()
        };
        let mut gradients = outputs(own);
        let mut ran = run(&gradients);
        if own.is_some() && matches!(ran, Err(Error::OverlappingBuffers { .. })) {
            gradients = outputs(None);
            ran = run(&gradients);
        }
        ran.unwrap_or_else(|error| panic!("wgloss: {error}"));
        let mut slots = vec![Slot::Empty; tensors.len()];
        wanted.iter().zip(gradients).for_each(|(&place, gradient)| slots[place] = Slot::Float(gradient));
        Operands::new(slots)
    }
}

/// The tensors of an operation, row-major. A view is copied.
fn contiguous(operands: Operands<CubeBackend>) -> Vec<CubeTensor> {
    let tensors = operands.slots().into_iter().filter_map(|slot| match slot {
        Slot::Empty => None,
        Slot::Float(tensor) | Slot::Int(tensor) | Slot::Bool(tensor) => Some(into_contiguous(tensor)),
    });
    tensors.collect()
}

/// A new tensor on the device of another.
fn beside(tensor: &CubeTensor, shape: Shape, dtype: DType) -> CubeTensor {
    empty_device_contiguous_dtype(tensor.client.clone(), tensor.device.clone(), shape, dtype)
}

/// A run of a term on tensors.
struct Run<'a> {
    call: &'a Call,
    tensors: &'a [CubeTensor],
    into: Into<'a>,
}

/// What a run writes.
enum Into<'a> {
    Loss(&'a CubeTensor),
    Gradients { upstream: &'a CubeTensor, wanted: &'a [usize], into: &'a [CubeTensor] },
}

impl Run<'_> {
    fn run(&self) -> Result<Arc<Job>> {
        let first = &self.tensors[0];
        let known = registered(&first.device).map_err(|error| Error::Gpu(error.to_string()))?;
        let lent = |tensors: &[CubeTensor]| tensors.iter().map(Lent::new).collect::<Result<Vec<_>>>();
        // all are held until the job is submitted
        let operands = lent(self.tensors)?;
        let (upstream, wanted, outputs) = match self.into {
            Into::Loss(loss) => (None, Vec::new(), vec![Lent::new(loss)?]),
            Into::Gradients { upstream, wanted, into } => (Some(Lent::new(upstream)?), wanted.to_vec(), lent(into)?),
        };
        // what Burn has queued comes before what is submitted here
        first.client.flush().map_err(|error| Error::Gpu(error.to_string()))?;
        let at = operands.iter().chain(&upstream).chain(&outputs).map(Lent::address).collect();
        let key = Key { term: self.call.term.clone(), wanted, at };
        let job = known.jobs.get(key, || self.prepare(&known.gpu, &operands, upstream.as_ref(), &outputs))?;
        job.run()?;
        Ok(job)
    }

    fn prepare(&self, gpu: &Gpu, operands: &[Lent], upstream: Option<&Lent>, outputs: &[Lent]) -> Result<Job> {
        let second = wgloss::ClassAxis::Second;
        let operands = operands.iter().map(|operand| operand.wrap(gpu, second)).collect::<Result<Vec<_>>>()?;
        let outputs = outputs.iter().map(|output| output.wrap(gpu, second)).collect::<Result<Vec<_>>>()?;
        let mut term =
            self.call.term.map(|place| Ok(operands[place.index].clone().with_class_axis(place.class_axis)))?;
        if let Some(upstream) = upstream {
            term = term.upstream(Scale::Tensor(upstream.wrap(gpu, second)?));
        }
        let outputs = match self.into {
            Into::Loss(_) => Outputs { loss: outputs.into_iter().next(), ..Outputs::default() },
            Into::Gradients { wanted, .. } => {
                let gradient = |(&place, into): (&usize, &wgloss::Tensor)| Gradient::store(&operands[place], into);
                Outputs { gradients: wanted.iter().zip(&outputs).map(gradient).collect(), ..Outputs::default() }
            }
        };
        gpu.prepare(&term, &outputs)
    }
}
