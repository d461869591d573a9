//! The operations by which Burn calls wgloss: the value of a term, and its gradients.
//!
//! Burn's macro writes how they are dispatched to a backend and queued behind fusion; `autodiff` and `cube` are what they do.

use crate::call::Call;
#[cfg(feature = "fusion")]
use burn::backend::fusion::custom::TensorSpec;
use burn::backend::tensor::{BoolTensor, FloatTensor, IntTensor};
use burn::backend::{Backend, ExtensionType, backend_extension};
#[cfg(feature = "fusion")]
use burn::tensor::{DType, Shape};
use std::sync::Arc;

/// A place for a tensor of an operation.
#[derive(Clone, Debug, ExtensionType)]
#[cfg_attr(feature = "fusion", extension_type(fusion))]
pub enum Slot<B: Backend> {
    /// No tensor.
    Empty,
    /// Floats.
    Float(FloatTensor<B>),
    /// Labels.
    Int(IntTensor<B>),
    /// A mask.
    Bool(BoolTensor<B>),
}

/// Writes the struct of an operation's slots, since Burn takes no list of them.
macro_rules! slots {
    ($most:literal: $($slot:ident)+) => {
        /// How many different tensors a term can have.
        pub(crate) const MOST_OPERANDS: usize = $most;

        /// The tensors of an operation, or its gradients, each in the slot of its operand.
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

            /// The slots in order, the empty ones too.
            pub fn slots(self) -> [Slot<B>; $most] {
                [$(self.$slot),+]
            }
        }

        /// Gradients are like their operands; there are none of the others.
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
    /// The value of a term that has been checked.
    #[fusion(meta = loss_spec)]
    fn wgloss_value(#[extension_type] operands: Operands<Self>, call: Arc<Call>) -> FloatTensor<Self>;
}

/// A backend that computes the gradients of a term.
#[backend_extension(Cube, Fusion: cfg(feature = "fusion"))]
pub trait GradientOps: Backend {
    /// The gradients of a term with respect to the wanted operands, times the upstream gradient.
    #[fusion(meta = gradient_specs)]
    fn wgloss_gradients(
        #[extension_type] operands: Operands<Self>,
        upstream: FloatTensor<Self>,
        call: Arc<Call>,
        wanted: Vec<usize>,
    ) -> Operands<Self>;
}
