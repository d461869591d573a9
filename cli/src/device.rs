//! The devices that evaluate a loss, and the ways in to each: the only file that knows which is which.

use crate::slices::slices;
use clap::ValueEnum;
use wgloss::{Array, DType, Error, Gpu, Gradient, Header, Operand, Outcome, Outputs, Result, Tensor, Term, Value, cpu};

/// Where losses are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Device {
    /// The CPU twins, in f64.
    Cpu,
    /// The GPU that `wgloss devices` marks as used.
    Gpu,
}

impl Device {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Device::Cpu => "cpu",
            Device::Gpu => "gpu",
        }
    }

    /// Every way in to it; the first takes arrays of the host's.
    pub fn open(self) -> Result<Vec<Way>> {
        match self {
            Device::Cpu => Ok(vec![Way::Cpu]),
            Device::Gpu => Gpu::new()
                .map(|gpu| vec![Way::GpuArrays(gpu.clone()), Way::GpuTensors(gpu.clone()), Way::GpuSlices(gpu)]),
        }
    }
}

/// A way in to a device.
#[derive(Clone)]
pub enum Way {
    /// The CPU twins.
    Cpu,
    /// The GPU, which uploads and checks arrays of the host's.
    GpuArrays(Gpu),
    /// The GPU, given tensors that already lie there, each in a buffer of its own: only its kernels see the labels, which are of
    /// 8 bits where they fit, and each gradient is added to what is there.
    GpuTensors(Gpu),
    /// The same, of slices of one buffer that begin anywhere.
    GpuSlices(Gpu),
}

/// A loss with everything that is given to it, by name.
#[derive(Clone)]
pub struct Job {
    /// The loss.
    pub loss: &'static Header,
    /// Its options.
    pub options: Vec<(String, Value)>,
    /// Its operands.
    pub operands: Vec<(String, Array)>,
    /// The upstream gradient, where it is not 1.
    pub upstream: Option<Array>,
}

/// What a loss came to.
pub struct Answer {
    /// The loss, of shape `[]` where it is reduced.
    pub loss: Array,
    /// The gradients, in the order asked for.
    pub gradients: Vec<Array>,
}

impl Way {
    /// What tells it from the device's other ways in.
    pub fn name(&self) -> &'static str {
        match self {
            Way::Cpu | Way::GpuArrays(_) => "host arrays",
            Way::GpuTensors(_) => "uploaded tensors",
            Way::GpuSlices(_) => "slices of a buffer",
        }
    }

    /// Evaluates a loss, and its gradients with respect to the operands of these names.
    pub fn evaluate(&self, job: &Job, gradients: &[&str]) -> Result<Answer> {
        let arrays: Vec<Array> = job.operands.iter().map(|(_, array)| array.clone()).collect();
        match self {
            Way::Cpu => {
                let term = job.term(&arrays, job.upstream.as_ref())?;
                let (outcome, gradients) = cpu::gradient_list(&term, &job.named(&arrays, gradients)?)?;
                Ok(Answer { loss: outcome.tensor().clone(), gradients })
            }
            Way::GpuArrays(gpu) => {
                job.refuse_f64()?;
                let term = job.term(&arrays, job.upstream.as_ref())?;
                read(gpu.gradient_list(&term, &job.named(&arrays, gradients)?)?)
            }
            Way::GpuTensors(gpu) => {
                job.there(gpu, gradients, &|arrays| arrays.iter().map(|array| gpu.upload_array(array)).collect())
            }
            Way::GpuSlices(gpu) => job.there(gpu, gradients, &|arrays| slices(gpu, arrays)),
        }
    }
}

/// The function that makes tensors of arrays.
type Place<'a> = &'a dyn Fn(&[Array]) -> Result<Vec<Tensor>>;

/// Runs a term twice, each run adding its gradients to the same tensors: of two equal numbers half the sum is either of them.
fn added(gpu: &Gpu, term: &Term<Tensor>, of: &[&Tensor], place: Place<'_>) -> Result<Answer> {
    let zeros = of.iter().map(|of| Array::new(&vec![0.0f32; of.len()], of.shape())).collect::<Result<Vec<_>>>()?;
    let into = place(&zeros)?;
    let gradients = of.iter().zip(&into).map(|(of, into)| Gradient::add(of, into)).collect();
    let job = gpu.prepare(term, &Outputs { gradients, ..Outputs::default() })?;
    job.run()?;
    let loss = job.run()?.tensor().read().wait()?;
    let half = |sum: &Tensor| {
        let sum = sum.read().wait()?.to_f32();
        Ok(sum.into_iter().map(|sum| 0.5 * sum).collect::<Vec<f32>>())
    };
    let gradients = into.iter().zip(of).map(|(sum, of)| Array::new(&half(sum)?, of.shape())).collect::<Result<_>>()?;
    Ok(Answer { loss, gradients })
}

/// Labels as 8 bits, where they all fit: what is no label stays as it is.
fn narrowed(array: Array) -> Array {
    let is_label = matches!(array.dtype(), DType::I32 | DType::U32 | DType::I64);
    let numbers = if is_label { array.to_f64() } else { Vec::new() };
    let fits = is_label && numbers.iter().all(|label| (0.0..256.0).contains(label));
    let bytes: Vec<u8> = numbers.iter().map(|&label| label as u8).collect();
    match Array::new(&bytes, array.shape()) {
        Ok(labels) if fits => labels.with_class_axis(array.class_axis()),
        _ => array,
    }
}

/// Reads the loss first: what the kernels found wrong comes with any read.
fn read((outcome, gradients): (Outcome, Vec<Tensor>)) -> Result<Answer> {
    let loss = outcome.tensor().read().wait()?;
    let gradients = gradients.iter().map(|gradient| gradient.read().wait()).collect::<Result<_>>()?;
    Ok(Answer { loss, gradients })
}

impl Job {
    /// The term of these tensors, which stand for the operands in order.
    fn term<T: Operand>(&self, tensors: &[T], upstream: Option<&T>) -> Result<Term<T>> {
        let options = self.options.iter().map(|(name, value)| (name.as_str(), value.clone()));
        let operands = self.operands.iter().map(|(name, _)| name.as_str()).zip(tensors);
        let term = Term::from_options((self.loss.default)(), options, operands)?;
        Ok(match upstream {
            Some(upstream) => term.upstream(upstream),
            None => term,
        })
    }

    /// Evaluates it where its tensors lie, with labels of 8 bits where they fit.
    fn there(&self, gpu: &Gpu, gradients: &[&str], place: Place<'_>) -> Result<Answer> {
        self.refuse_f64()?;
        let operands = self.operands.iter().map(|(_, array)| array.clone());
        let arrays: Vec<Array> = operands.chain(self.upstream.clone()).map(narrowed).collect();
        let tensors = place(&arrays)?;
        let (tensors, upstream) = tensors.split_at(self.operands.len());
        let term = self.term(tensors, upstream.first())?;
        let of = self.named(tensors, gradients)?;
        // twice a number of 16 bits may be more than they hold
        match of.is_empty() || of.iter().any(|of| of.dtype() != DType::F32) {
            true => read(gpu.gradient_list(&term, &of)?),
            false => added(gpu, &term, &of, place),
        }
    }

    /// Refuses what no GPU takes, here where the operand's name is known.
    fn refuse_f64(&self) -> Result<()> {
        match self.operands.iter().find(|(_, array)| array.dtype() == DType::F64) {
            None => Ok(()),
            Some((name, _)) => Err(Error::UnsupportedDtype {
                loss: self.loss.id,
                operand: name.clone(),
                got: DType::F64,
                expected: "f32, f16 or bf16, on a GPU".into(),
            }),
        }
    }

    /// The tensors that stand for the operands of these names.
    fn named<'a, T>(&self, tensors: &'a [T], names: &[&str]) -> Result<Vec<&'a T>> {
        let find = |name: &&str| {
            let place = self.operands.iter().position(|(given, _)| given == name);
            place.map(|place| &tensors[place]).ok_or_else(|| Error::InvalidOperand {
                loss: self.loss.id,
                operand: (*name).into(),
                reason: "is not given, so it has no gradient".into(),
            })
        };
        names.iter().map(find).collect()
    }
}
