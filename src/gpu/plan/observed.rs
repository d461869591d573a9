//! Plans the dispatches after a walk with observations: their sums, and a tensor for each observation of positions.

use super::options::overrides;
use super::request::{KeptSums, Request};
use super::scratch::Scratch;
use super::slots::slots;
use super::spans::Values;
use super::stage::{Stage, of_block};
use super::walk::Sizes;
use crate::gpu::choices::Choices;
use crate::gpu::link::Slots;
use crate::gpu::params::Block;
use crate::gpu::shaders::operand::{log_prob, part_sums, predicted};
use crate::gpu::shaders::{choice, geometry, slot};
use crate::shape::elements;
use crate::term::{Observation, Observed};

/// The positions of a workgroup that writes tensors.
const POSITIONS: u64 = 256;

/// The dispatch that adds up the observations of a walk, if any of them is a sum. A shard's statistics have none.
pub(super) fn sums(request: &Request<'_>, sizes: &Sizes) -> Option<Stage> {
    if request.statistics || !request.asks(|asked| !asked.of_positions()) {
        return None;
    }
    let mut slots = slots(request);
    let wants_sums = request.sums != KeptSums::Nothing;
    slots.fill(slot::PART_SUMS, if wants_sums { part_sums::GIVEN } else { part_sums::NOWHERE });
    // the kernels need the loss's options to find the counts in memory
    let choices = overrides(request.loss())
        .flag(choice::ACCURACY, request.asks(|asked| *asked == Observation::Accuracy))
        .flag(choice::TOP_K, request.asks(|asked| matches!(asked, Observation::TopK(_))))
        .flag(choice::ENTROPY, request.asks(|asked| *asked == Observation::Entropy))
        .flag(choice::PERPLEXITY, request.asks(|asked| *asked == Observation::Perplexity))
        .flag(choice::IOU, request.asks(|asked| *asked == Observation::Iou))
        .flag(choice::PRECISION, request.asks(|asked| *asked == Observation::Precision))
        .flag(choice::RECALL, request.asks(|asked| *asked == Observation::Recall))
        .flag(choice::PART_SUMS_ADD, request.sums == KeptSums::Added);
    Some(match Observed::of(request.loss()) {
        // a workgroup adds up the counts of a class
        Some(Observed::Regions) => Stage::new(geometry::REGION_COUNTS, slots, choices, sizes.classes as u64),
        _ => Stage::new(geometry::OBSERVED_OUTCOME, slots, choices, 1),
    })
}

/// The dispatch that writes a tensor for each observation of positions, and the memory in which the walk leaves these
/// observations. `None` if there are none.
pub(super) fn tensors(request: &Request<'_>) -> Option<(Stage, Scratch)> {
    let positions = elements(&request.checked.loss_shape).unwrap_or(0) as u64;
    if !request.observes_positions() || positions == 0 {
        return None;
    }
    let asks = |observation| request.part.observations.contains(&observation);
    let given = |given, file, nowhere| if given { file } else { nowhere };
    let slots = Slots::default()
        .with(slot::PREDICTED, given(asks(Observation::Predicted), predicted::GIVEN, predicted::NOWHERE))
        .with(slot::LOG_PROB, given(asks(Observation::LogProb), log_prob::GIVEN, log_prob::NOWHERE));
    let block = Block { own_end: of_block(positions as usize), ..Block::default() };
    let stage = Stage::new(geometry::OBSERVED_TENSORS, slots, Choices::default(), 0).through(Values::Each(POSITIONS));
    Some((stage.over(block, positions.div_ceil(POSITIONS)), Scratch::new("observed_positions", positions)))
}
