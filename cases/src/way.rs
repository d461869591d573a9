//! The ways in which the operands of a case reach a device, and the evaluation of a case in each of them.

use crate::slices::slices;
use wgloss::header::{Header, Value};
use wgloss::{Array, DType, Error, Gpu, Gradient, Operand, Outcome, Outputs, Result, Tensor, Term, cpu};

/// A device, and how it gets its operands.
#[derive(Clone)]
pub enum Way {
    /// The CPU twins.
    Cpu,
    /// The GPU gets host arrays, which the library uploads and checks.
    GpuArrays(Gpu),
    /// The GPU gets tensors that were uploaded before, each in its own buffer. Only kernels see the labels, which are 8
    /// bits where they fit. f32 gradients are added to buffers that hold zeros.
    GpuTensors(Gpu),
    /// As `GpuTensors`, but the tensors are slices of one buffer, aligned to their elements only.
    GpuSlices(Gpu),
}

/// A loss, its options, its operands and its upstream gradient.
#[derive(Clone)]
pub struct Job {
    /// The loss.
    pub loss: &'static Header,
    /// Its options.
    pub options: Vec<(String, Value)>,
    /// Its operands.
    pub operands: Vec<(String, Array)>,
    /// The upstream gradient; `None` is 1.
    pub upstream: Option<Array>,
}

/// The value of a loss, and its gradients.
pub struct Answer {
    /// The loss, of shape `[]` if it is reduced.
    pub loss: Array,
    /// The gradients, in the order asked for.
    pub gradients: Vec<Array>,
}

impl Way {
    /// All ways in which operands reach a GPU. The first is by host arrays.
    pub fn all(gpu: Gpu) -> [Way; 3] {
        [Way::GpuArrays(gpu.clone()), Way::GpuTensors(gpu.clone()), Way::GpuSlices(gpu)]
    }

    /// The name of the way, among those of its device.
    pub fn name(&self) -> &'static str {
        match self {
            Way::Cpu | Way::GpuArrays(_) => "host arrays",
            Way::GpuTensors(_) => "uploaded tensors",
            Way::GpuSlices(_) => "slices of a buffer",
        }
    }

    /// Evaluates a loss, and its gradients with respect to the operands named in `gradients`.
    ///
    /// # Errors
    /// Every refusal of [`Error`], and the GPU's errors.
    pub async fn evaluate(&self, job: &Job, gradients: &[&str]) -> Result<Answer> {
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
                read(gpu.gradient_list(&term, &job.named(&arrays, gradients)?)?).await
            }
            Way::GpuTensors(gpu) => {
                let upload = |arrays: &[Array]| arrays.iter().map(|array| gpu.upload_array(array)).collect();
                job.on_tensors(gpu, gradients, &upload, &upload).await
            }
            Way::GpuSlices(gpu) => {
                job.on_tensors(gpu, gradients, &|arrays| slices(gpu, arrays, 1), &|zeros| slices(gpu, zeros, APART))
                    .await
            }
        }
    }
}

/// How many bytes apart gradients in one buffer have to begin. A browser refuses written bindings that overlap, and its
/// bindings begin at multiples of 256 bytes.
const APART: usize = if cfg!(target_arch = "wasm32") { 256 } else { 1 };

/// Uploads arrays.
type Upload<'a> = &'a dyn Fn(&[Array]) -> Result<Vec<Tensor>>;

/// Runs a term twice into one set of gradient tensors, and halves what they hold. This tests `Gradient::add`; the half
/// is exact, because both runs add equal numbers.
async fn added(gpu: &Gpu, term: &Term<Tensor>, of: &[&Tensor], upload: Upload<'_>) -> Result<Answer> {
    let zeros = of.iter().map(|of| Array::new(&vec![0.0f32; of.len()], of.shape())).collect::<Result<Vec<_>>>()?;
    let into = upload(&zeros)?;
    let gradients = of.iter().zip(&into).map(|(of, into)| Gradient::add(of, into)).collect();
    let job = gpu.prepare(term, &Outputs { gradients, ..Outputs::default() })?;
    job.run()?;
    let loss = job.run()?.tensor().read().await?;
    let mut gradients = Vec::new();
    for (sum, of) in into.iter().zip(of) {
        let half: Vec<f32> = sum.read().await?.to_f32().into_iter().map(|sum| 0.5 * sum).collect();
        gradients.push(Array::new(&half, of.shape())?);
    }
    Ok(Answer { loss, gradients })
}

/// Casts integer arrays to 8 bits if all elements fit. Leaves other arrays as they are.
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

/// Reads a result. Each read may return an error that kernels found.
async fn read((outcome, gradients): (Outcome, Vec<Tensor>)) -> Result<Answer> {
    let loss = outcome.tensor().read().await?;
    let mut read = Vec::new();
    for gradient in &gradients {
        read.push(gradient.read().await?);
    }
    Ok(Answer { loss, gradients: read })
}

impl Job {
    /// The loss joined with `tensors`, which are in the order of `self.operands`.
    fn term<T: Operand>(&self, tensors: &[T], upstream: Option<&T>) -> Result<Term<T>> {
        let options = self.options.iter().map(|(name, value)| (name.as_str(), value.clone()));
        let operands = self.operands.iter().map(|(name, _)| name.as_str()).zip(tensors);
        let term = Term::from_options((self.loss.default)(), options, operands)?;
        Ok(match upstream {
            Some(upstream) => term.upstream(upstream),
            None => term,
        })
    }

    /// Uploads the tensors, with labels of 8 bits where they fit, and evaluates the loss on them.
    async fn on_tensors(&self, gpu: &Gpu, gradients: &[&str], upload: Upload<'_>, zeros: Upload<'_>) -> Result<Answer> {
        self.refuse_f64()?;
        let operands = self.operands.iter().map(|(_, array)| array.clone());
        let arrays: Vec<Array> = operands.chain(self.upstream.clone()).map(narrowed).collect();
        let tensors = upload(&arrays)?;
        let (tensors, upstream) = tensors.split_at(self.operands.len());
        let term = self.term(tensors, upstream.first())?;
        let of = self.named(tensors, gradients)?;
        // `added` doubles gradients, which could overflow in 16 bits
        match of.is_empty() || of.iter().any(|of| of.dtype() != DType::F32) {
            true => read(gpu.gradient_list(&term, &of)?).await,
            false => added(gpu, &term, &of, zeros).await,
        }
    }

    /// Refuses f64, which no GPU takes. The upload would refuse it too, but without the operand's name.
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

    /// The tensors of the operands named in `names`.
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
