//! Burn tensors as operands of wgloss's terms.

use burn::backend::autodiff::NodeId;
use burn::backend::{BackendTensor, DispatchTensor, DispatchTensorKind, TensorMetadata};
use burn::tensor::{Bool, BoolStore, DType, Int, Tensor};
use std::sync::Arc;
use wgloss::ClassAxis;

/// A Burn tensor as an operand of a term: floats (f32, f16, bf16), labels (i32, i64, u32, u8), or a mask of bools. A call
/// refuses other dtypes.
///
/// Made [`From`] a tensor or a reference to one.
#[derive(Clone, Debug)]
pub struct Operand {
    pub(crate) tensor: DispatchTensor,
    pub(crate) kind: Kind,
    /// Operands that gradients flow to are the same tensor if their autodiff nodes are equal.
    node: Option<NodeId>,
    /// A clone of an operand has the same id, and so is equal to it.
    id: Arc<()>,
    shape: Vec<usize>,
    dtype: Option<wgloss::DType>,
    class_axis: ClassAxis,
}

/// The kind of a Burn tensor, which decides how Burn's operation takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Float,
    Int,
    Bool,
}

impl Operand {
    fn of(tensor: DispatchTensor, kind: Kind) -> Operand {
        Operand {
            kind,
            node: tracked_node(&tensor),
            id: Arc::default(),
            shape: tensor.shape().to_vec(),
            dtype: dtype(tensor.dtype()),
            class_axis: ClassAxis::Second,
            tensor,
        }
    }

    /// Makes the last axis the class axis, as in `[B, T, V]` or NHWC.
    pub fn class_axis_last(mut self) -> Operand {
        self.class_axis = ClassAxis::Last;
        self
    }

    /// Whether gradients flow to this operand.
    pub(crate) fn is_tracked(&self) -> bool {
        self.node.is_some()
    }

    /// The dtype of the tensor in Burn, if wgloss has no such dtype.
    pub(crate) fn unsupported(&self) -> Option<DType> {
        self.dtype.is_none().then(|| self.tensor.dtype())
    }
}

/// The autodiff node of a tensor, if gradients flow to it.
fn tracked_node(tensor: &DispatchTensor) -> Option<NodeId> {
    let DispatchTensorKind::Autodiff(inner) = &tensor.kind else { return None };
    match &**inner {
        DispatchTensorKind::Cube(BackendTensor::Autodiff(tensor)) => tensor.is_tracked().then(|| tensor.id()),
        _ => None,
    }
}

/// The wgloss dtype for a Burn dtype; `None` if wgloss has no such dtype. A backend stores bools as u32 or as u8.
pub(crate) fn dtype(dtype: DType) -> Option<wgloss::DType> {
    Some(match dtype {
        DType::F32 => wgloss::DType::F32,
        DType::F16 => wgloss::DType::F16,
        DType::BF16 => wgloss::DType::BF16,
        DType::I32 => wgloss::DType::I32,
        DType::I64 => wgloss::DType::I64,
        DType::U32 | DType::Bool(BoolStore::U32) => wgloss::DType::U32,
        DType::U8 | DType::Bool(BoolStore::U8) => wgloss::DType::U8,
        _ => return None,
    })
}

impl wgloss::Operand for Operand {
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn dtype(&self) -> wgloss::DType {
        // F64 is never used: a call refuses an operand without a dtype before it asks for the dtype
        self.dtype.unwrap_or(wgloss::DType::F64)
    }
    fn class_axis(&self) -> ClassAxis {
        self.class_axis
    }
    fn is(&self, other: &Operand) -> bool {
        Arc::ptr_eq(&self.id, &other.id) || (self.node.is_some() && self.node == other.node)
    }
}

impl PartialEq for Operand {
    fn eq(&self, other: &Operand) -> bool {
        wgloss::Operand::is(self, other) && self.class_axis == other.class_axis
    }
}

macro_rules! operands_of {
    ($($tensor:ty: $kind:ident),*) => {$(
        impl<const D: usize> From<$tensor> for Operand {
            fn from(tensor: $tensor) -> Operand {
                Operand::of(tensor.into_dispatch(), Kind::$kind)
            }
        }
        impl<const D: usize> From<&$tensor> for Operand {
            fn from(tensor: &$tensor) -> Operand {
                tensor.clone().into()
            }
        }
    )*};
}

operands_of!(Tensor<D>: Float, Tensor<D, Int>: Int, Tensor<D, Bool>: Bool);

/// The operands of a loss: a tuple of tensors, references to tensors and [`Operand`]s, in the order of the loss's `of`.
pub trait IntoOperands {
    /// The operands in order.
    fn into_operands(self) -> Vec<Operand>;
}

macro_rules! tuples {
    ($(($($operand:ident),+))*) => {$(
        impl<$($operand: Into<Operand>),+> IntoOperands for ($($operand,)+) {
            #[allow(non_snake_case, reason = "a type and its value have one name")]
            fn into_operands(self) -> Vec<Operand> {
                let ($($operand,)+) = self;
                vec![$($operand.into()),+]
            }
        }
    )*};
}

tuples! { (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) (A, B, C, D, E, F) (A, B, C, D, E, F, G) }
