//! Converts arrays on the host to tensors of Burn, and back.

use burn::tensor::{DType, Device, Gradients, Int, Tensor, TensorData};
use wgloss::half::{bf16, f16};
use wgloss::{Array, ClassAxis, Data, Operand as _};
use wgloss_burn::Operand;

/// Calls a function with the rank as its const parameter.
macro_rules! with_rank {
    ($rank:expr, $function:ident($($argument:expr),*)) => {
        match $rank {
            1 => $function::<1>($($argument),*),
            2 => $function::<2>($($argument),*),
            3 => $function::<3>($($argument),*),
            4 => $function::<4>($($argument),*),
            5 => $function::<5>($($argument),*),
            rank => panic!("a tensor of rank {rank}"),
        }
    };
}

pub(crate) use with_rank;

/// An array on Burn's device.
pub struct Uploaded {
    pub operand: Operand,
    gradient: ReadGradient,
}

type ReadGradient = Box<dyn Fn(&Gradients) -> Option<TensorData>>;

impl Uploaded {
    /// Uploads an array. Gradients flow to it if `tracked` is set.
    pub fn new(array: &Array, tracked: bool, device: &Device) -> Uploaded {
        let uploaded = with_rank!(array.shape().len().max(1), upload(array, tracked, device));
        match array.class_axis() {
            ClassAxis::Second => uploaded,
            ClassAxis::Last => Uploaded { operand: uploaded.operand.class_axis_last(), ..uploaded },
        }
    }

    /// The gradient of this array.
    pub fn gradient(&self, gradients: &Gradients) -> Array {
        array((self.gradient)(gradients).expect("a gradient"))
    }
}

fn upload<const D: usize>(array: &Array, tracked: bool, device: &Device) -> Uploaded {
    let (data, dtype) = data(array);
    if !array.dtype().is_float() {
        let operand = Tensor::<D, Int>::from_data(data, (device, dtype)).into();
        return Uploaded { operand, gradient: Box::new(|_| None) };
    }
    let tensor = floats::<D>(array, device);
    let tensor = if tracked { tensor.require_grad() } else { tensor };
    let operand = (&tensor).into();
    Uploaded { operand, gradient: Box::new(move |gradients| tensor.grad(gradients).map(Tensor::into_data)) }
}

/// An array of floats as a tensor.
pub fn floats<const D: usize>(array: &Array, device: &Device) -> Tensor<D> {
    let (data, dtype) = data(array);
    Tensor::from_data(data, (device, dtype))
}

/// The elements of an array, and their dtype in Burn. An array without axes becomes a tensor of one axis, since Burn has no
/// tensors without axes.
fn data(array: &Array) -> (TensorData, DType) {
    let shape = if array.shape().is_empty() { vec![1] } else { array.shape().to_vec() };
    match array.data() {
        Data::F32(x) => (TensorData::new(x.to_vec(), shape), DType::F32),
        Data::F16(x) => (TensorData::new(x.to_vec(), shape), DType::F16),
        Data::BF16(x) => (TensorData::new(x.to_vec(), shape), DType::BF16),
        Data::I32(x) => (TensorData::new(x.to_vec(), shape), DType::I32),
        Data::U32(x) => (TensorData::new(x.to_vec(), shape), DType::U32),
        Data::U8(x) => (TensorData::new(x.to_vec(), shape), DType::U8),
        Data::I64(x) => (TensorData::new(x.to_vec(), shape), DType::I64),
        Data::F64(_) => panic!("Burn's wgpu has no f64"),
    }
}

/// The array with the elements of a tensor that was read.
pub fn array(data: TensorData) -> Array {
    let shape = data.shape().to_vec();
    match data.dtype() {
        DType::F32 => Array::new(data.as_slice::<f32>().unwrap(), shape),
        DType::F16 => Array::new(data.as_slice::<f16>().unwrap(), shape),
        DType::BF16 => Array::new(data.as_slice::<bf16>().unwrap(), shape),
        other => panic!("a float tensor of {other:?}"),
    }
    .unwrap()
}

/// The numbers of a tensor.
pub fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    array(tensor.into_data()).to_f64()
}
