//! Lends tensors of Burn to wgloss without a copy, as the range of the wgpu buffer where a tensor lies.

use crate::operand::dtype;
use burn::backend::TensorMetadata;
use burn_cubecl::tensor::CubeTensor;
use cubecl::wgpu::{AutoCompiler, WgpuServer};
use std::any::Any;
use wgloss::half::{bf16, f16};
use wgloss::{DType, Error, Gpu, Result, Tensor, wgpu};

/// Where a tensor begins. Address, shape and dtype together tell a tensor from all others that are alive.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Address {
    buffer: wgpu::Buffer,
    offset: u64,
}

/// A contiguous tensor of Burn that wgloss may use. As long as a `Lent` exists, Burn neither frees nor moves the tensor's
/// memory. So it has to exist until the work on the tensor is submitted.
#[derive(Debug)]
pub(crate) struct Lent {
    /// Keeps the memory alive. Burn does not export the type.
    _held: Box<dyn Any>,
    address: Address,
    shape: Vec<usize>,
    dtype: DType,
}

impl Lent {
    /// Lends a tensor. Burn submits the work that it has queued for the tensor.
    pub fn new(tensor: &CubeTensor) -> Result<Lent> {
        let held = tensor.client.get_resource::<WgpuServer<AutoCompiler>>(tensor.handle.clone());
        let held = held.map_err(|error| Error::Gpu(error.to_string()))?;
        let dtype = dtype(tensor.dtype).ok_or_else(|| Error::Gpu(format!("a tensor of {:?}", tensor.dtype)))?;
        let address = Address { buffer: held.resource().buffer.clone(), offset: held.resource().offset };
        Ok(Lent { _held: Box::new(held), address, shape: tensor.shape().to_vec(), dtype })
    }

    /// Where the tensor begins.
    pub fn address(&self) -> Address {
        self.address.clone()
    }

    /// The tensor as one of wgloss.
    pub fn wrap(&self, gpu: &Gpu) -> Result<Tensor> {
        let Address { buffer, offset } = &self.address;
        let bytes = self.shape.iter().product::<usize>() as u64 * self.dtype.size() as u64;
        if bytes == 0 {
            return self.nothing(gpu);
        }
        gpu.wrap(buffer.slice(*offset..offset + bytes), self.shape.clone(), self.dtype)
    }

    /// A tensor without elements. A range of a buffer can't be empty, so it is made by an upload.
    fn nothing(&self, gpu: &Gpu) -> Result<Tensor> {
        let shape = self.shape.clone();
        match self.dtype {
            DType::F16 => gpu.upload::<f16>(&[], shape),
            DType::BF16 => gpu.upload::<bf16>(&[], shape),
            DType::I32 => gpu.upload::<i32>(&[], shape),
            DType::U32 => gpu.upload::<u32>(&[], shape),
            DType::U8 => gpu.upload::<u8>(&[], shape),
            DType::I64 => gpu.upload::<i64>(&[], shape),
            _ => gpu.upload::<f32>(&[], shape),
        }
    }
}
