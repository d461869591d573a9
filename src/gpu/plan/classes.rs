//! What all kernels over positions and their classes share: a fold, slots, choices.

use super::options::overrides;
use super::request::Request;
use super::slots::slots;
use super::stage::Stage;
use crate::check::{ClassFold, OF_NOTES, OF_POSITION};
use crate::gpu::choices::Choices;
use crate::gpu::link::Slots;
use crate::gpu::shaders::fold::softmax_state;
use crate::gpu::shaders::geometry::{comparison, observation, row_quads, state_numbers, sweeps};
use crate::gpu::shaders::operand::mask;
use crate::gpu::shaders::{Shader, choice, fold, slot};
use crate::leaf::Leaf;
use crate::shape::Classes;
use crate::term::Observation;
use std::sync::Arc;

/// The name of a softmax's states in [`STATE_BYTES`](super::STATE_BYTES).
pub(super) fn softmax_states(notes: bool) -> &'static str {
    if notes { "fold/softmax_state/noted" } else { "fold/softmax" }
}

/// Whether masked classes have no share of the loss.
pub(super) fn spares_masked(request: &Request<'_>) -> bool {
    matches!(request.loss().leaf(), Leaf::Softmax(leaf) | Leaf::Linear(leaf) if leaf.spares_masked())
}

/// Whether a softmax's state notes more about the classes than a loss over all classes needs: for observations, or for a loss
/// that leaves masked classes out.
pub(super) fn notes(request: &Request<'_>) -> bool {
    request.observes() || spares_masked(request)
}

/// Adds the choices that say what a softmax's state notes.
pub(super) fn noted(request: &Request<'_>, choices: Choices) -> Choices {
    choices
        .number(choice::STATISTICS, if request.observes() { OF_POSITION + OF_NOTES } else { OF_POSITION })
        .flag(choice::SPARES_MASKED, spares_masked(request))
        .flag(choice::RANKS, request.ranks())
        .flag(choice::SUMS_GAPS, request.asks(|asked| *asked == Observation::Entropy))
        .flag(choice::PREDICTS, request.asks(|asked| matches!(asked, Observation::Accuracy | Observation::Predicted)))
}

/// The fold of a position's classes.
#[derive(Clone, Copy)]
pub(super) struct Fold {
    /// Its shader file.
    pub file: Shader,
    /// The name of its states in [`STATE_BYTES`](super::STATE_BYTES).
    pub states: &'static str,
    /// Whether every class has a share of the loss even with label targets, as label smoothing does.
    pub spreads: bool,
    /// Whether it needs so little arithmetic that a lane folds four positions at once.
    pub light: bool,
    /// How many sweeps a lane makes over the classes of a row to fold them: one or two.
    pub sweeps: usize,
    /// Whether a second walk over the classes needs the state of the whole row.
    pub compares: bool,
}

impl Fold {
    pub fn of(leaf: ClassFold<'_>, notes: bool) -> Fold {
        match leaf {
            ClassFold::Softmax(leaf) => Fold {
                file: fold::SOFTMAX_CLASSES,
                states: softmax_states(notes),
                spreads: leaf.spreads(),
                light: true,
                sweeps: 1,
                compares: false,
            },
            ClassFold::ClassSum(_) => Fold {
                file: fold::CLASS_SUM,
                states: "fold/class_sum",
                spreads: false,
                light: true,
                sweeps: 1,
                compares: false,
            },
            ClassFold::Divergence(leaf) => {
                let compares = leaf.mixture().is_some();
                let file = if compares { fold::MIXTURE } else { fold::DIVERGENCE_CLASSES };
                Fold { file, states: "fold/divergence", spreads: false, light: false, sweeps: 2, compares }
            }
        }
    }

    /// How often a lane goes through the classes of a row before it scores the row.
    pub fn walks(self) -> usize {
        self.sweeps + usize::from(self.compares)
    }
}

/// Fills the slots of the kernels over classes. Unless `masked`, they do not read the mask, and fold masked positions too.
pub(super) fn filled(request: &Request<'_>, fold: Fold, masked: bool) -> Slots {
    let mut slots = slots(request);
    if !masked {
        slots.fill(slot::MASK, mask::EVERYWHERE);
    }
    slots.fill(slot::FOLD, fold.file);
    slots.fill(slot::SWEEPS, if fold.sweeps == 1 { sweeps::ONCE } else { sweeps::TWICE });
    slots.fill(slot::ROW_QUADS, row_quads::READ);
    slots.fill(slot::COMPARISON, comparison::NONE);
    if notes(request) {
        slots.fill(slot::SOFTMAX_STATE, softmax_state::NOTED);
    }
    if request.observes() {
        slots.fill(slot::OBSERVATION, observation::SOFTMAX);
    }
    // folds of two softmaxes have no shards, and so do not use this slot
    let is_sum = fold.states == "fold/class_sum";
    slots.fill(slot::STATE_NUMBERS, if is_sum { state_numbers::CLASS_SUM } else { numbers_of_softmax(request) });
    slots
}

/// The file that turns a softmax's state into the statistics of a shard, and back.
pub(super) fn numbers_of_softmax(request: &Request<'_>) -> Shader {
    if request.observes() { state_numbers::NOTED_SOFTMAX } else { state_numbers::SOFTMAX }
}

/// Whether every row is a whole number of quads, so that every row begins with a quad.
pub(super) fn whole_quads(classes: Classes) -> bool {
    classes.class_stride == 1 && classes.c.is_multiple_of(4)
}

pub(super) fn choices(request: &Request<'_>, fold: Fold, classes: Classes) -> Choices {
    let labelled = request.checked.labels.is_some();
    noted(request, overrides(request.loss()))
        .flag(choice::LABELLED, labelled)
        .flag(choice::SPREADS, !labelled || fold.spreads)
        .flag(choice::PAIRS, fold.compares)
        .flag(choice::FOURS, classes.class_stride == 1)
        .flag(choice::WHOLE, whole_quads(classes))
        .number(choice::TEAM, request.target.team())
}

/// Binds the one gradient that a loss over classes has.
pub(super) fn writing(request: &Request<'_>, mut stage: Stage) -> Stage {
    let Some(wanted) = request.wanted.first() else { return stage };
    Arc::make_mut(&mut stage.recipe).choices.add("DX0_ADD", f64::from(u8::from(wanted.add)));
    stage.writing(vec![("dx0".into(), wanted.output)])
}
