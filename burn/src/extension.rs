//! The operations by which Burn calls wgloss: the value of a term, and its gradients.
//!
//! Burn's macro writes the code that dispatches them to a backend and, with fusion, puts them into fusion's queue.
//! `autodiff` and `cube` implement them.

use crate::call::Call;
#[cfg(feature = "fusion")]
use burn::backend::fusion::custom::TensorSpec;
use burn::backend::tensor::{BoolTensor, FloatTensor, IntTensor};
use burn::backend::{Backend, ExtensionType, backend_extension};
#[cfg(feature = "fusion")]
use burn::tensor::{DType, Shape};
use std::sync::Arc;

/// One tensor of an operation, or none.
#[derive(Clone, Debug, ExtensionType)]
#[cfg_attr(feature = "fusion", extension_type(fusion))]
pub enum Slot<B: Backend> {
    /// No tensor.
    Empty,
    /// Floats.
    Float(FloatTensor<B>),
    /// Integers, such as labels.
    Int(IntTensor<B>),
    /// Booleans, such as a mask.
    Bool(BoolTensor<B>),
}

/// Writes the struct with an operation's slots. Burn's macro takes no list of tensors.
macro_rules! slots {
    ($most:literal: $($slot:ident)+) => {
        /// The greatest number of different tensors that a term can have.
        pub(crate) const MOST_OPERANDS: usize = $most;

        /// The tensors of an operation, or their gradients. A gradient is in the slot of its operand.
        #[derive(Clone, Debug, ExtensionType)]
        #[cfg_attr(feature = "fusion", extension_type(fusion))]
        pub struct Operands<B: Backend> {
            $(#[extension_type] $slot: Slot<B>,)+
        }

        impl<B: Backend> Operands<B> {
            /// Fills the slots in order.
            pub fn new(slots: impl IntoIterator<Item = Slot<B>>) -> Operands<B> {
                let mut slots = slots.into_iter();
                $(let $slot = slots.next().unwrap_or(Slot::Empty);)+
                Operands { $($slot),+ }
            }

            /// All slots in order, empty ones included.
            pub fn slots(self) -> [Slot<B>; $most] {
                [$(self.$slot),+]
            }
        }

        /// The gradients have the metadata of their operands. The slots of operands whose gradient isn't wanted are empty.
        #[cfg(feature = "fusion")]
        #[allow(clippy::ptr_arg, reason = "Burn's macro hands every argument on by its own type")]
        fn gradient_specs(
            operands: &OperandsMetadata,
            _upstream: &TensorSpec,
            _call: &Arc<Call>,
            wanted: &Vec<usize>,
        ) -> OperandsMetadata {
            let mut places = 0..;
            let mut kept = |slot: &SlotMetadata| match places.next().is_some_and(|place| wanted.contains(&place)) {
                true => slot.clone(),
                false => SlotMetadata::Empty,
            };
            OperandsMetadata { $($slot: kept(&operands.$slot)),+ }
        }
    };
}

slots! { 12: a b c d e f g h i j k l }

#[cfg(feature = "fusion")]
fn loss_spec(_operands: &OperandsMetadata, call: &Arc<Call>) -> TensorSpec {
    TensorSpec::new(Shape::from(call.shape.clone()), DType::F32)
}

/// A backend that computes the value of a term.
#[backend_extension(Cube, Autodiff, Fusion: cfg(feature = "fusion"))]
pub trait LossOps: Backend {
    /// Returns the value of a term that has been checked.
    #[fusion(meta = loss_spec)]
    fn wgloss_value(#[extension_type] operands: Operands<Self>, call: Arc<Call>) -> FloatTensor<Self>;
}

/// A backend that computes the gradients of a term.
#[backend_extension(Cube, Fusion: cfg(feature = "fusion"))]
pub trait GradientOps: Backend {
    /// Returns the gradients of a term with respect to the wanted operands, times the upstream gradient.
    #[fusion(meta = gradient_specs)]
    fn wgloss_gradients(
        #[extension_type] operands: Operands<Self>,
        upstream: FloatTensor<Self>,
        call: Arc<Call>,
        wanted: Vec<usize>,
    ) -> Operands<Self>;
}
