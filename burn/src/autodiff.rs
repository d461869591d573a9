//! The loss as a node of Burn's autodiff graph.
//!
//! The forward pass computes only the value, and keeps the operands. The backward pass is one job that computes all
//! gradients. So an evaluation computes no gradient, and no gradient is stored between the passes.

use crate::call::Call;
use crate::extension::{GradientOps, LossOps, Operands, Slot};
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, NodeGuard, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend};
use std::sync::Arc;

impl<B: LossOps + GradientOps, C: CheckpointStrategy> LossOps for Autodiff<B, C> {
    fn wgloss_value(operands: Operands<Self>, call: Arc<Call>) -> FloatTensor<Self> {
        let (mut guards, mut wanted) = (Vec::new(), Vec::new());
        let inner = operands.slots().into_iter().enumerate().map(|(place, slot)| match slot {
            Slot::Empty => Slot::Empty,
            Slot::Int(tensor) => Slot::Int(tensor),
            Slot::Bool(tensor) => Slot::Bool(tensor),
            Slot::Float(tensor) => {
                let tracked = tensor.is_tracked();
                let (primitive, guard) = tensor.into_parts();
                if tracked {
                    guards.push(guard);
                    wanted.push(place);
                }
                Slot::Float(primitive)
            }
        });
        let inner = Operands::<B>::new(inner);
        by_number::<B, C>(guards, Node { operands: inner, wanted, call })
    }
}

/// Calls `track` with the number of tracked operands, since Burn takes their guards as an array, whose length has to be
/// constant. Without tracked operands, computes the value alone.
macro_rules! by_number {
    ($($number:literal)+) => {
        fn by_number<B: LossOps + GradientOps, C: CheckpointStrategy>(
            guards: Vec<NodeGuard>,
            node: Node<B>,
        ) -> FloatTensor<Autodiff<B, C>> {
            match guards.len() {
                $($number => track::<B, C, $number>(guards, node),)+
                _ => <Autodiff<B, C> as AutodiffBackend>::from_inner(B::wgloss_value(node.operands, node.call)),
            }
        }
    };
}

by_number! { 1 2 3 4 5 6 7 8 9 10 11 12 }

fn track<B: LossOps + GradientOps, C: CheckpointStrategy, const N: usize>(
    guards: Vec<NodeGuard>,
    node: Node<B>,
) -> FloatTensor<Autodiff<B, C>> {
    let guards: [NodeGuard; N] = guards.try_into().expect("as many as were counted");
    match LossBackward.prepare::<C>(guards).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => {
            let value = B::wgloss_value(node.operands.clone(), node.call.clone());
            prepared.finish(node, value)
        }
        OpsKind::UnTracked(prepared) => prepared.finish(B::wgloss_value(node.operands, node.call)),
    }
}

/// What a loss keeps for its backward pass.
#[derive(Clone, Debug)]
struct Node<B: LossOps> {
    operands: Operands<B>,
    /// The indices of the operands that gradients flow to, in the order of the node's parents.
    wanted: Vec<usize>,
    call: Arc<Call>,
}

#[derive(Debug)]
struct LossBackward;

impl<B: LossOps + GradientOps, const N: usize> Backward<B, N> for LossBackward {
    type State = Node<B>;

    fn backward(self, ops: Ops<Node<B>, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let upstream = grads.consume::<B>(&ops.node);
        let Node { operands, wanted, call } = ops.state;
        let mut gradients = B::wgloss_gradients(operands, upstream, call, wanted.clone()).slots();
        for (parent, place) in ops.parents.into_iter().zip(wanted) {
            let gradient = std::mem::replace(&mut gradients[place], Slot::Empty);
            if let (Some(parent), Slot::Float(gradient)) = (parent, gradient) {
                grads.register::<B>(parent.id, gradient);
            }
        }
    }
}
