//! The tensors that losses take, on the host or on a GPU.

use crate::array::Array;
use crate::shape::{ClassAxis, DType};

/// A tensor that a loss takes: an [`Array`] in the host's memory, or a tensor on the GPU.
pub trait Operand: Clone {
    /// The shape, outermost axis first.
    fn shape(&self) -> &[usize];
    /// The element type.
    fn dtype(&self) -> DType;
    /// Which axis holds the classes.
    fn class_axis(&self) -> ClassAxis;
    /// The element type of the gradient that a call on a GPU makes: the operand's own, unless the caller asked for f32. Where
    /// this is f64, the GPU makes an f32 gradient.
    fn gradient_dtype(&self) -> DType {
        self.dtype()
    }
    /// Whether this is the same tensor as another: the same elements at the same place in memory.
    fn is(&self, other: &Self) -> bool;
    /// The elements, where the host holds them.
    fn host(&self) -> Option<&Array> {
        None
    }
}

impl Operand for Array {
    fn shape(&self) -> &[usize] {
        self.shape()
    }
    fn dtype(&self) -> DType {
        self.dtype()
    }
    fn class_axis(&self) -> ClassAxis {
        self.class_axis
    }
    fn gradient_dtype(&self) -> DType {
        self.gradient.unwrap_or_else(|| self.dtype())
    }
    fn is(&self, other: &Array) -> bool {
        self.shares_elements(other)
    }
    fn host(&self) -> Option<&Array> {
        Some(self)
    }
}
