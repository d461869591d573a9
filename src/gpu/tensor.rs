//! Tensors in the GPU's memory: uploaded, wrapped around the caller's own buffer, or made by a call.

use crate::array::{Array, Data, Element};
use crate::error::{Error, Result};
use crate::gpu::context::Gpu;
use crate::gpu::outcome::Verdict;
use crate::gpu::transfer::Read;
use crate::shape::{ClassAxis, DType, elements, elements_needed};
use crate::term::Operand;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A dense, row-major tensor in the GPU's memory. Clones share it.
#[derive(Clone, Debug)]
pub struct Tensor {
    gpu: Gpu,
    memory: Arc<Memory>,
    shape: Vec<usize>,
    dtype: DType,
    class_axis: ClassAxis,
    gradient: Option<DType>,
    /// What tells whether the labels were good that this was computed from.
    verdict: Option<Arc<Verdict>>,
}

/// A range of a buffer, counted as the context's while it lives where the context made it.
#[derive(Debug)]
pub(super) struct Memory {
    pub buffer: wgpu::Buffer,
    pub offset: u64,
    pub bytes: u64,
    counted: Option<(Arc<AtomicU64>, u64)>,
}

impl Drop for Memory {
    fn drop(&mut self) {
        if let Some((counter, bytes)) = &self.counted {
            counter.fetch_sub(*bytes, Ordering::Relaxed);
        }
    }
}

impl Memory {
    /// Whether the buffer was made for it, so that nothing else lies in it.
    pub fn is_own(&self) -> bool {
        self.counted.is_some()
    }

    /// Fresh memory, zero unless contents are given.
    pub fn new(
        gpu: &Gpu,
        label: &str,
        bytes: u64,
        contents: Option<&[u8]>,
        usage: wgpu::BufferUsages,
    ) -> Result<Memory> {
        let size = bytes.max(16).next_multiple_of(16);
        let limits = gpu.limits();
        if size > limits.max_buffer_size {
            let what = format!("bytes of a buffer on the GPU ({label})");
            return Err(Error::TooLarge { what, needed: size, limit: limits.max_buffer_size });
        }
        // a browser that has no room to map a new buffer throws, at which wgpu panics: there contents are written instead
        let written = contents.filter(|_| cfg!(target_arch = "wasm32"));
        let mapped = contents.filter(|_| written.is_none());
        let usage = if written.is_some() { usage | wgpu::BufferUsages::COPY_DST } else { usage };
        let make = || {
            let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size,
                usage,
                mapped_at_creation: mapped.is_some(),
            });
            // a buffer that could not be made cannot be mapped either
            let fill = |contents: &[u8]| {
                buffer.get_mapped_range_mut(..)?.slice(..contents.len()).copy_from_slice(contents);
                buffer.unmap();
                Ok::<(), wgpu::MapRangeError>(())
            };
            let filled = mapped.map_or(Ok(()), fill);
            if let Some(contents) = written {
                // writes move whole words
                let mut words = contents.to_vec();
                words.resize(contents.len().next_multiple_of(4), 0);
                gpu.queue().write_buffer(&buffer, 0, &words);
            }
            (buffer, filled)
        };
        let of = label.to_string();
        let (buffer, filled) = gpu.scoped_as(make, move |error| match error {
            Error::OutOfMemory(_) => Error::OutOfMemory(format!("there is no room for {size} bytes ({of})")),
            other => other,
        })?;
        // where the scope has no reason for it: a lost device says nothing
        filled.map_err(|_| Error::DeviceLost("a buffer could not be filled".into()))?;
        gpu.counter().fetch_add(size, Ordering::Relaxed);
        Ok(Memory { buffer, offset: 0, bytes: size, counted: Some((gpu.counter().clone(), size)) })
    }
}

const TENSOR: wgpu::BufferUsages =
    wgpu::BufferUsages::STORAGE.union(wgpu::BufferUsages::COPY_SRC).union(wgpu::BufferUsages::COPY_DST);

impl Gpu {
    /// A tensor of a slice's elements, copied to the GPU. Labels of 64 bits are narrowed to 32, unless one of them needs more.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] where the shape's element count is not the slice's length, [`Error::UnsupportedDtype`] for
    /// f64, [`Error::TooLarge`], [`Error::OutOfMemory`].
    pub fn upload<E: Element>(&self, elements: &[E], shape: impl Into<Vec<usize>>) -> Result<Tensor> {
        self.upload_array(&Array::new(elements, shape)?)
    }

    /// [`upload`](Self::upload) for an array.
    ///
    /// # Errors
    /// As [`upload`](Self::upload).
    pub fn upload_array(&self, array: &Array) -> Result<Tensor> {
        let narrowed: Vec<i32>;
        let (bytes, dtype): (&[u8], DType) = match array.data() {
            Data::F32(x) => (bytemuck::cast_slice(x), DType::F32),
            Data::F16(x) => (bytemuck::cast_slice(x), DType::F16),
            Data::BF16(x) => (bytemuck::cast_slice(x), DType::BF16),
            Data::I32(x) => (bytemuck::cast_slice(x), DType::I32),
            Data::U32(x) => (bytemuck::cast_slice(x), DType::U32),
            Data::U8(x) => (x, DType::U8),
            Data::I64(x) => {
                match x.iter().map(|&label| i32::try_from(label)).collect::<std::result::Result<Vec<_>, _>>() {
                    Ok(labels) => {
                        narrowed = labels;
                        (bytemuck::cast_slice(&narrowed), DType::I32)
                    }
                    // which labels are good is for the loss that they are given to
                    Err(_) => (bytemuck::cast_slice(x), DType::I64),
                }
            }
            Data::F64(_) => {
                let expected = "f32, f16, bf16, i32, u32, u8 or i64".into();
                return Err(Error::UnsupportedDtype {
                    loss: "upload",
                    operand: "array".into(),
                    got: DType::F64,
                    expected,
                });
            }
        };
        let memory = Memory::new(self, "wgloss tensor", bytes.len() as u64, Some(bytes), TENSOR);
        self.answers()?;
        let memory = memory?;
        let mut tensor = self.tensor(memory, array.shape().to_vec(), dtype);
        if array.gradient_dtype() != array.dtype() {
            tensor = tensor.f32_gradient();
        }
        Ok(tensor.with_class_axis(array.class_axis()))
    }

    /// A tensor around a range of your own buffer, which is not copied: what is written there later is seen.
    ///
    /// The buffer needs the usage `STORAGE`, and `COPY_SRC` to be read through [`Tensor::read`]. The range may begin at any
    /// element.
    ///
    /// **The buffer has to be of this context's device.** One of another device of the same [`wgpu::Instance`] is refused. So is
    /// one of another instance whose number stands for no buffer here. But each instance numbers its buffers anew, and wgpu
    /// tells nobody which instance a buffer is of: one whose number stands for a buffer here as well is taken for that one.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] where the range is not as long as the shape's elements, [`Error::InvalidOperand`] for a
    /// buffer without `STORAGE` or a range that begins inside an element, [`Error::UnsupportedDtype`] for f64,
    /// [`Error::ForeignTensor`] for a buffer of another device, as far as it can be told, [`Error::InvalidOperand`] for one
    /// that has been destroyed.
    pub fn wrap(&self, slice: wgpu::BufferSlice<'_>, shape: impl Into<Vec<usize>>, dtype: DType) -> Result<Tensor> {
        let shape = shape.into();
        let (buffer, offset, bytes) = (slice.buffer(), slice.offset(), slice.size());
        let needed = elements(&shape).map(|n| n as u64 * dtype.size() as u64);
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
        // shaders read whole words: the last bytes of a buffer that ends inside one are out of their reach
        if offset + bytes > buffer.size() / 4 * 4 {
            return refuse("ends in the last word of a buffer whose size is not a multiple of 4");
        }
        self.answers()?;
        // on the web a buffer that is no good shows when it is used
        #[cfg(not(target_arch = "wasm32"))]
        self.shared().takes(buffer).map_err(|flaw| flaw.of("wrap", "slice"))?;
        let memory = Memory { buffer: buffer.clone(), offset, bytes, counted: None };
        Ok(self.tensor(memory, shape, dtype))
    }

    /// A tensor of f32 zeros, for an output of a prepared job.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::OutOfMemory`].
    pub fn empty(&self, shape: impl Into<Vec<usize>>) -> Result<Tensor> {
        self.zeros(shape.into(), DType::F32)
    }

    /// A tensor of zeros of another's shape and dtype, for its gradient.
    ///
    /// # Errors
    /// As [`empty`](Self::empty).
    pub fn empty_like(&self, tensor: &Tensor) -> Result<Tensor> {
        self.zeros(tensor.shape.clone(), tensor.dtype)
    }

    pub(super) fn zeros(&self, shape: Vec<usize>, dtype: DType) -> Result<Tensor> {
        let bytes = |elements: u64| elements.saturating_mul(dtype.size() as u64);
        let Some(count) = elements(&shape) else {
            // more than a usize counts, which on the web is no more than 32 bits do
            let limit = self.limits().max_buffer_size.min(usize::MAX as u64);
            let what = "bytes of a buffer on the GPU (wgloss output)".into();
            return Err(Error::TooLarge { what, needed: bytes(elements_needed(&shape)), limit });
        };
        let bytes = bytes(count as u64).min(u64::MAX - 64);
        let memory = Memory::new(self, "wgloss output", bytes, None, TENSOR);
        self.answers()?;
        let memory = memory?;
        Ok(self.tensor(memory, shape, dtype))
    }

    /// A tensor that claims its shape without the memory for it: what plans are tested on.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn claim(&self, shape: impl Into<Vec<usize>>, dtype: DType) -> Tensor {
        let memory = Memory::new(self, "claimed", 16, None, TENSOR).expect("16 bytes");
        self.tensor(memory, shape.into(), dtype)
    }

    fn tensor(&self, memory: Memory, shape: Vec<usize>, dtype: DType) -> Tensor {
        let memory = Arc::new(memory);
        Tensor { gpu: self.clone(), memory, shape, dtype, class_axis: ClassAxis::Second, gradient: None, verdict: None }
    }
}

impl Tensor {
    /// The same tensor, with the class axis said to be the last one: `[B, T, V]`, NHWC.
    pub fn class_axis_last(self) -> Tensor {
        self.with_class_axis(ClassAxis::Last)
    }

    /// The same tensor, with the class axis said to be this one: that of another tensor, say.
    pub fn with_class_axis(mut self, axis: ClassAxis) -> Tensor {
        self.class_axis = axis;
        self
    }

    /// The same tensor, whose gradient a call makes f32 although the tensor may be f16 or bf16: the gradient of a mean over
    /// 10^7 elements is less than f16 holds. A prepared job's gradients have the dtype of the tensors that you give it.
    pub fn f32_gradient(mut self) -> Tensor {
        self.gradient = Some(DType::F32);
        self
    }

    pub(super) fn with_verdict(mut self, verdict: Arc<Verdict>) -> Tensor {
        self.verdict = Some(verdict);
        self
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

    /// The buffer that holds the tensor, and where in it the tensor begins, in bytes: for your own kernels and copies.
    pub fn buffer(&self) -> (&wgpu::Buffer, u64) {
        (&self.memory.buffer, self.memory.offset)
    }

    pub(super) fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// The bytes that the elements take.
    pub(super) fn bytes(&self) -> u64 {
        self.len() as u64 * self.dtype.size() as u64
    }

    /// Writes new elements into the tensor, before whatever is submitted next.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for another number of elements, [`Error::UnsupportedDtype`] for another type,
    /// [`Error::InvalidOperand`] where the buffer has not the usage `COPY_DST`, has been destroyed or is mapped, or the tensor
    /// shares its last word of memory; [`Error::DeviceLost`].
    pub fn write<E: Element + bytemuck::NoUninit>(&self, elements: &[E]) -> Result<()> {
        let refuse = |reason: &str| {
            Err(Error::InvalidOperand { loss: "write", operand: "tensor".into(), reason: reason.into() })
        };
        if elements.len() != self.len() {
            let (operand, expected) = ("elements".into(), format!("{} elements", self.len()));
            return Err(Error::ShapeMismatch { loss: "write", operand, expected, got: vec![elements.len()] });
        }
        if E::DTYPE != self.dtype {
            let (operand, expected) = ("elements".into(), self.dtype.to_string());
            return Err(Error::UnsupportedDtype { loss: "write", operand, got: E::DTYPE, expected });
        }
        if !self.memory.buffer.usage().contains(wgpu::BufferUsages::COPY_DST) {
            return refuse("is in a buffer without the usage COPY_DST");
        }
        let mut bytes = bytemuck::cast_slice::<E, u8>(elements).to_vec();
        if !bytes.len().is_multiple_of(4) || !self.memory.offset.is_multiple_of(4) {
            // writes move whole words: the rest of the last one has to be the tensor's own
            if self.memory.counted.is_none() {
                return refuse("begins or ends inside a word of your buffer");
            }
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        let buffer = &self.memory.buffer;
        let written = self.gpu.scoped(|| self.gpu.queue().write_buffer(buffer, self.memory.offset, &bytes));
        written.map_err(|error| self.gpu.blame(error, [("write", "tensor".into(), buffer)]))
    }

    /// Reads the tensor back. Where it was computed from labels of which one was bad, the read gives that error.
    pub fn read(&self) -> Read<Array> {
        let (shape, dtype, axis) = (self.shape.clone(), self.dtype, self.class_axis);
        let finish = move |bytes: &[u8]| {
            let data = match dtype {
                DType::F32 => Data::F32(bytemuck::pod_collect_to_vec(bytes).into()),
                DType::F16 => Data::F16(bytemuck::pod_collect_to_vec(bytes).into()),
                DType::BF16 => Data::BF16(bytemuck::pod_collect_to_vec(bytes).into()),
                DType::I32 => Data::I32(bytemuck::pod_collect_to_vec(bytes).into()),
                DType::U32 => Data::U32(bytemuck::pod_collect_to_vec(bytes).into()),
                DType::I64 => Data::I64(bytemuck::pod_collect_to_vec(bytes).into()),
                DType::U8 | DType::F64 => Data::U8(bytes.into()),
            };
            Ok(Array::from_data(data, shape)?.with_class_axis(axis))
        };
        Read::of_memory(&self.gpu, &self.memory, self.bytes(), self.verdict.as_ref(), finish)
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
        // buffers of two devices may have the same number
        self.gpu.shares_device(&other.gpu)
            && self.memory.buffer == other.memory.buffer
            && (self.memory.offset, self.bytes(), self.dtype) == (other.memory.offset, other.bytes(), other.dtype)
    }
}

/// What a context can evaluate terms of: tensors on the GPU, and arrays, which are uploaded first.
pub trait ToGpu: Operand {
    /// The tensor on the GPU.
    ///
    /// # Errors
    /// As [`Gpu::upload`].
    fn to_gpu(&self, gpu: &Gpu) -> Result<Tensor>;

    /// The context on whose device it lies already: there alone it can be used.
    fn context(&self) -> Option<&Gpu> {
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
}

impl ToGpu for Array {
    fn to_gpu(&self, gpu: &Gpu) -> Result<Tensor> {
        gpu.upload_array(self)
    }
}
