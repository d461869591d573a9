//! Tensors of Burn in a layout that wgloss can read: without gaps, in the order of their axes or with their class axis
//! last.

use burn::backend::TensorMetadata;
use burn::tensor::{DType, Shape};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::ops::{permute_nchw_to_nhwc, permute_nhwc_to_nchw};
use burn_cubecl::tensor::CubeTensor;
use wgloss::ClassAxis;

/// A tensor whose elements lie without gaps in the order of its axes.
#[derive(Clone, Debug)]
pub(crate) struct Dense {
    pub tensor: CubeTensor,
    /// Whether the axes are permuted: Burn's `[N, C, ...]` lies in memory as `[N, ..., C]`, as convolutions leave it.
    pub turned: bool,
}

impl Dense {
    /// Takes a tensor as it lies, or copies a view. The axes may be permuted if `turnable` is set.
    pub fn new(tensor: CubeTensor, turnable: bool) -> Dense {
        if turnable && !tensor.is_contiguous() {
            let turned = permute_nchw_to_nhwc(tensor);
            if turned.is_contiguous() {
                return Dense { tensor: turned, turned: true };
            }
            return Dense { tensor: into_contiguous(permute_nhwc_to_nchw(turned)), turned: false };
        }
        Dense { tensor: into_contiguous(tensor), turned: false }
    }

    /// A new tensor with the same shape, dtype and layout.
    pub fn like(&self) -> Dense {
        let tensor = beside(&self.tensor, self.tensor.shape(), self.tensor.dtype);
        Dense { tensor, turned: self.turned }
    }

    /// Whether nobody else holds the tensor, so that its gradient may overwrite it.
    pub fn is_own(&self) -> bool {
        self.tensor.can_mut()
    }

    /// The class axis of the tensor in this layout. `of_burn` is its class axis in Burn.
    pub fn class_axis(&self, of_burn: ClassAxis) -> ClassAxis {
        if self.turned { ClassAxis::Last } else { of_burn }
    }

    /// The tensor with its axes in Burn's order.
    pub fn into_tensor(self) -> CubeTensor {
        if self.turned { permute_nhwc_to_nchw(self.tensor) } else { self.tensor }
    }
}

/// A new tensor on the device of `tensor`.
pub(crate) fn beside(tensor: &CubeTensor, shape: Shape, dtype: DType) -> CubeTensor {
    empty_device_contiguous_dtype(tensor.client.clone(), tensor.device.clone(), shape, dtype)
}
