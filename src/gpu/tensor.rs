//! Tensors in the GPU's memory: uploaded, wrapped around the caller's buffer, or made by a call.

use crate::array::{Array, Element};
use crate::error::{Error, Result};
use crate::gpu::context::Gpu;
use crate::gpu::memory::Memory;
use crate::gpu::stored;
use crate::gpu::verdict::Verdict;
use crate::shape::{ClassAxis, DType, elements, elements_needed};
use crate::term::{Operand, Term};
use std::sync::Arc;

/// A dense, row-major tensor in the GPU's memory. Clones share the memory.
#[derive(Clone, Debug)]
pub struct Tensor {
    gpu: Gpu,
    memory: Arc<Memory>,
    shape: Vec<usize>,
    dtype: DType,
    class_axis: ClassAxis,
    gradient: Option<DType>,
    /// The verdict on the labels that the tensor was computed from.
    verdict: Option<Arc<Verdict>>,
}

/// Tensors are equal if they are the same memory, read in the same way. What the memory holds is not compared.
impl PartialEq for Tensor {
    fn eq(&self, other: &Tensor) -> bool {
        let form = |tensor: &Tensor| (tensor.class_axis, tensor.gradient);
        self.is(other) && self.shape == other.shape && form(self) == form(other)
    }
}

/// The label of a tensor that a call writes.
const OUTPUT: &str = "wgloss output";

const TENSOR: wgpu::BufferUsages =
    wgpu::BufferUsages::STORAGE.union(wgpu::BufferUsages::COPY_SRC).union(wgpu::BufferUsages::COPY_DST);

impl Gpu {
    /// Uploads a slice's elements as a tensor. A GPU has no `f64`: the tensor is f32, and holds the numbers rounded to
    /// nearest. Integers of 64 bits become 32 bits if all of them fit. A `bool` becomes a byte, 0 or 1.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shape has another number of elements than the slice, [`Error::TooLarge`],
    /// [`Error::OutOfMemory`].
    pub fn upload<E: Element>(&self, elements: &[E], shape: impl Into<Vec<usize>>) -> Result<Tensor> {
        self.upload_array(&Array::new(elements, shape)?)
    }

    /// [`upload`](Self::upload) for an array.
    ///
    /// # Errors
    /// As [`upload`](Self::upload).
    pub fn upload_array(&self, array: &Array) -> Result<Tensor> {
        let narrowed = stored::narrowed(array.data());
        let (bytes, dtype) = stored::bytes(narrowed.as_ref().unwrap_or(array.data()));
        let memory = Memory::new(self, "wgloss tensor", bytes.len() as u64, Some(bytes), TENSOR);
        self.answers()?;
        let memory = memory?;
        let mut tensor = self.tensor(memory, array.shape().to_vec(), dtype);
        if array.gradient_dtype() != array.dtype() {
            tensor = tensor.f32_gradient();
        }
        Ok(tensor.with_class_axis(array.class_axis()))
    }

    /// Makes a tensor around a range of your own buffer, without a copy. The tensor holds whatever is written to the
    /// range later.
    ///
    /// The buffer needs the usage `STORAGE`, and `COPY_SRC` for [`Tensor::read`]. The range may begin at any element.
    ///
    /// **The buffer has to belong to this context's device.** A buffer of another device of the same [`wgpu::Instance`]
    /// is refused. So is a buffer of another instance, if no buffer here has its number. But every instance counts its
    /// buffers from zero, and wgpu does not tell which instance a buffer belongs to. If a buffer here has the same
    /// number, it is used instead.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the range is shorter or longer than the shape's elements, [`Error::InvalidOperand`]
    /// for a buffer without `STORAGE`, a range that begins inside an element, a range that reaches into the last bytes of a
    /// buffer whose size is not a multiple of 4, or a destroyed buffer,
    /// [`Error::UnsupportedDtype`] for f64, [`Error::ForeignTensor`] for a buffer of another device, if the library can
    /// tell.
    pub fn wrap(&self, slice: wgpu::BufferSlice<'_>, shape: impl Into<Vec<usize>>, dtype: DType) -> Result<Tensor> {
        let shape = shape.into();
        let (buffer, offset, bytes) = (slice.buffer(), slice.offset(), slice.size());
        let needed = elements(&shape).and_then(|n| (n as u64).checked_mul(dtype.size() as u64));
        let refuse =
            |reason: &str| Err(Error::InvalidOperand { loss: "wrap", operand: "slice".into(), reason: reason.into() });
        if dtype == DType::F64 {
            let expected = "f32, f16, bf16, i32, u32, u8 or i64".into();
            return Err(Error::UnsupportedDtype { loss: "wrap", operand: "slice".into(), got: dtype, expected });
        }
        if needed != Some(bytes) {
            let expected = format!("a shape of {} elements of {dtype}", bytes / dtype.size() as u64);
            return Err(Error::ShapeMismatch { loss: "wrap", operand: "slice".into(), expected, got: shape });
        }
        if !buffer.usage().contains(wgpu::BufferUsages::STORAGE) {
            return refuse("is of a buffer without the usage STORAGE");
        }
        if !offset.is_multiple_of(dtype.size() as u64) {
            return refuse("begins inside an element");
        }
        // shaders read whole words, so they cannot read a partial word at the end of a buffer
        if offset + bytes > buffer.size() / 4 * 4 {
            return refuse("ends in the last word of a buffer whose size is not a multiple of 4");
        }
        self.answers()?;
        // on the web the error comes when the buffer is used
        #[cfg(not(target_arch = "wasm32"))]
        self.shared().takes(buffer).map_err(|flaw| flaw.of("wrap", "slice"))?;
        let memory = Memory::of_caller(buffer.clone(), offset, bytes);
        Ok(self.tensor(memory, shape, dtype))
    }

    /// Makes a tensor of f32 zeros, for an output of a prepared job.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::OutOfMemory`].
    pub fn empty(&self, shape: impl Into<Vec<usize>>) -> Result<Tensor> {
        self.zeros(shape.into(), DType::F32)
    }

    /// Makes a tensor of zeros with the shape and dtype of another tensor, for its gradient.
    ///
    /// # Errors
    /// As [`empty`](Self::empty).
    pub fn empty_like(&self, tensor: &Tensor) -> Result<Tensor> {
        self.zeros(tensor.shape.clone(), tensor.dtype)
    }

    pub(super) fn zeros(&self, shape: Vec<usize>, dtype: DType) -> Result<Tensor> {
        let memory = self.bytes_of(&shape, dtype).and_then(|bytes| Memory::new(self, OUTPUT, bytes, None, TENSOR));
        self.answers()?;
        let memory = memory?;
        Ok(self.tensor(memory, shape, dtype))
    }

    /// The bytes of a tensor.
    fn bytes_of(&self, shape: &[usize], dtype: DType) -> Result<u64> {
        let bytes = |elements: u64| elements.saturating_mul(dtype.size() as u64);
        let Some(count) = elements(shape) else {
            // more elements than a usize can count, which has 32 bits on the web
            let limit = self.limits().max_buffer_size.min(usize::MAX as u64);
            let what = format!("bytes of a buffer on the GPU ({OUTPUT})");
            return Err(Error::TooLarge { what, needed: bytes(elements_needed(shape)), limit });
        };
        Ok(bytes(count as u64).min(u64::MAX - 64))
    }

    /// A tensor to plan with: it has a shape, but no memory for its elements.
    pub(super) fn unbacked(&self, shape: &[usize], dtype: DType) -> Result<Tensor> {
        let memory = Memory::unbacked(self, OUTPUT, self.bytes_of(shape, dtype)?)?;
        Ok(self.tensor(memory, shape.to_vec(), dtype))
    }

    /// A tensor for tests of plans: it has a shape, but no memory for its elements. All share one buffer, because there
    /// are many plans, and making a buffer takes longer than a plan.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn claim(&self, shape: impl Into<Vec<usize>>, dtype: DType) -> Tensor {
        static CLAIMED: std::sync::OnceLock<Tensor> = std::sync::OnceLock::new();
        let memory = || Memory::new(self, "claimed", 16, None, TENSOR).expect("16 bytes");
        let claimed = CLAIMED.get_or_init(|| self.tensor(memory(), Vec::new(), dtype));
        assert!(claimed.gpu.is(self), "one context plans all claimed tensors");
        Tensor { shape: shape.into(), dtype, ..claimed.clone() }
    }

    fn tensor(&self, memory: Memory, shape: Vec<usize>, dtype: DType) -> Tensor {
        let memory = Arc::new(memory);
        Tensor { gpu: self.clone(), memory, shape, dtype, class_axis: ClassAxis::Second, gradient: None, verdict: None }
    }
}

impl Tensor {
    /// Makes the last axis the class axis: `[B, T, V]`, NHWC.
    pub fn class_axis_last(self) -> Tensor {
        self.with_class_axis(ClassAxis::Last)
    }

    /// Sets the class axis, for example to the class axis of another tensor.
    pub fn with_class_axis(mut self, axis: ClassAxis) -> Tensor {
        self.class_axis = axis;
        self
    }

    /// Makes calls give the gradient in f32, even if the tensor is f16 or bf16. For example, the gradient of a mean over
    /// 10^7 elements is too small for f16. The gradients of a prepared job have the dtypes of the tensors that you give it.
    pub fn f32_gradient(mut self) -> Tensor {
        self.gradient = Some(DType::F32);
        self
    }

    pub(super) fn with_verdict(mut self, verdict: Arc<Verdict>) -> Tensor {
        self.verdict = Some(verdict);
        self
    }

    /// A tensor of the first elements, in another shape.
    pub(super) fn leading(&self, shape: Vec<usize>) -> Tensor {
        Tensor { shape, ..self.clone() }
    }

    /// The shape, outermost axis first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The buffer that holds the tensor, and the tensor's offset in bytes, for your own kernels and copies.
    pub fn buffer(&self) -> (&wgpu::Buffer, u64) {
        (self.memory.show(), self.memory.offset)
    }

    pub(super) fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    pub(super) fn verdict(&self) -> Option<&Arc<Verdict>> {
        self.verdict.as_ref()
    }

    pub(super) fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// The size of the elements in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.len() as u64 * self.dtype.size() as u64
    }

    /// Writes new elements into the tensor, before the next submission. It takes what an [upload](Gpu::upload) would store
    /// in the tensor's type: `f64` for an f32 tensor, `i64` for an i32 tensor, `bool` for a u8 tensor.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for another number of elements, [`Error::UnsupportedDtype`] for another type, or for an `i64`
    /// that an i32 tensor cannot hold, [`Error::InvalidOperand`] if the buffer lacks the usage `COPY_DST`, was destroyed or is
    /// mapped, or if the tensor begins or ends inside a word of your buffer, [`Error::DeviceLost`].
    pub fn write<E: Element + bytemuck::NoUninit>(&self, elements: &[E]) -> Result<()> {
        let refuse = |reason: &str| {
            Err(Error::InvalidOperand { loss: "write", operand: "tensor".into(), reason: reason.into() })
        };
        if elements.len() != self.len() {
            let (operand, expected) = ("elements".into(), format!("{} elements", self.len()));
            return Err(Error::ShapeMismatch { loss: "write", operand, expected, got: vec![elements.len()] });
        }
        let narrowed = if E::DTYPE == self.dtype { None } else { stored::narrowed(&E::store(elements)) };
        let stored = narrowed.as_ref().map_or((bytemuck::cast_slice(elements), E::DTYPE), stored::bytes);
        if stored.1 != self.dtype {
            let (operand, expected) = ("elements".into(), stored::writable(self.dtype));
            return Err(Error::UnsupportedDtype { loss: "write", operand, got: E::DTYPE, expected });
        }
        if !self.memory.buffer.usage().contains(wgpu::BufferUsages::COPY_DST) {
            return refuse("is in a buffer without the usage COPY_DST");
        }
        let mut bytes = stored.0.to_vec();
        if !bytes.len().is_multiple_of(4) || !self.memory.offset.is_multiple_of(4) {
            // writes move whole words, so the rest of the last word has to belong to the tensor
            if !self.memory.is_own() {
                return refuse("begins or ends inside a word of your buffer");
            }
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        let buffer = &self.memory.buffer;
        let written = self.gpu.scoped(|| self.gpu.queue().write_buffer(buffer, self.memory.offset, &bytes));
        written.map_err(|error| self.gpu.blame(error, [("write", "tensor".into(), buffer)]))
    }
}

impl Operand for Tensor {
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn dtype(&self) -> DType {
        self.dtype
    }
    fn class_axis(&self) -> ClassAxis {
        self.class_axis
    }
    fn gradient_dtype(&self) -> DType {
        self.gradient.unwrap_or(self.dtype)
    }
    fn is(&self, other: &Tensor) -> bool {
        // wgpu compares numbers, and buffers of two devices may have equal numbers
        self.gpu.shares_device(&other.gpu)
            && self.memory.buffer == other.memory.buffer
            && (self.memory.offset, self.bytes(), self.dtype) == (other.memory.offset, other.bytes(), other.dtype)
    }
}

/// An operand that a context can use: a tensor on the GPU, or an array, which is uploaded first.
pub trait ToGpu: Operand {
    /// The tensor on the GPU.
    ///
    /// # Errors
    /// As [`Gpu::upload`].
    fn to_gpu(&self, gpu: &Gpu) -> Result<Tensor>;

    /// The context on whose device the operand lies, if it lies on one. Only this device can use it.
    fn context(&self) -> Option<&Gpu> {
        None
    }

    /// The term and the operands `of`, if they are tensors on the GPU already.
    #[doc(hidden)]
    fn on_gpu<'a>(_term: &'a Term<Self>, _of: &[&'a Self]) -> Option<(&'a Term<Tensor>, Vec<&'a Tensor>)> {
        None
    }
}

impl ToGpu for Tensor {
    fn to_gpu(&self, _gpu: &Gpu) -> Result<Tensor> {
        Ok(self.clone())
    }

    fn context(&self) -> Option<&Gpu> {
        Some(&self.gpu)
    }

    fn on_gpu<'a>(term: &'a Term<Tensor>, of: &[&'a Tensor]) -> Option<(&'a Term<Tensor>, Vec<&'a Tensor>)> {
        Some((term, of.to_vec()))
    }
}

impl ToGpu for Array {
    fn to_gpu(&self, gpu: &Gpu) -> Result<Tensor> {
        gpu.upload_array(self)
    }
}
