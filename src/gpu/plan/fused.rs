//! The fused loss of a walk over regions: the files and choices that kernels need for it.

use super::classes::Fold;
use super::options::overrides;
use super::slots::leaf_of;
use crate::check::ClassFold;
use crate::gpu::choices::Choices;
use crate::gpu::link::Slots;
use crate::gpu::shaders::geometry::fused_loss;
use crate::gpu::shaders::operand::losses;
use crate::gpu::shaders::scratch::fused_states;
use crate::gpu::shaders::{choice, slot};
use crate::leaf::{Leaf, Region};
use crate::loss::Source;

/// What kernels need of a fused loss.
pub(super) struct Fused {
    shader: Source,
    /// The fold of a softmax, or `None` if the loss scores each element by itself.
    pub fold: Option<Fold>,
    pub choices: Choices,
}

impl Fused {
    pub fn of(leaf: &dyn Region, labelled: bool) -> Option<Fused> {
        let fused = leaf.fused_loss()?;
        let choices = overrides(&*fused.loss).flag(choice::FUSED_BACKGROUND, fused.include_background);
        let (fold, choices) = match fused.loss.leaf() {
            Leaf::Softmax(of_loss) => {
                let fold = Fold::of(ClassFold::Softmax(of_loss), false);
                (Some(fold), choices.flag(choice::SPREADS, !labelled || fold.spreads))
            }
            Leaf::Pointwise(_) => (None, choices.named(choice::POS_WEIGHT_ABSENT.0, fused.absent().into())),
            _ => unreachable!("the checks refuse any other fused loss"),
        };
        Some(Fused { shader: leaf_of(&*fused.loss), fold, choices })
    }

    /// Fills the slots of the kernels over positions; `ranged` if they go through the classes range by range.
    pub fn fill(fused: Option<&Fused>, slots: &mut Slots, ranged: bool) {
        let Some(fused) = fused else {
            slots.fill(slot::FUSED_LOSS, fused_loss::NONE);
            return;
        };
        slots.fill(slot::LEAF, fused.shader);
        let Some(fold) = fused.fold else {
            slots.fill(slot::FUSED_LOSS, fused_loss::ELEMENTS);
            return;
        };
        slots.fill(slot::FUSED_LOSS, fused_loss::SOFTMAX);
        slots.fill(slot::FOLD, fold.file);
        slots.fill(slot::LOSSES, losses::NOWHERE);
        slots.fill(slot::FUSED_STATES, if ranged { fused_states::RANGES } else { fused_states::ONCE });
    }
}
