//! Plans the dispatches around a walk over sequences, which are the rows of `[B, T]`: before it, what the elements of each have in
//! common; after it, the gradient of their mean.

use super::request::{Request, overrides, slots};
use super::scratch::MOST_SUMMED;
use super::spans::Values;
use super::stage::{Stage, Wanted};
use super::walk::Sizes;
use crate::error::{Error, Result};
use crate::gpu::choices::Choices;
use crate::gpu::shaders::geometry::sequence_number;
use crate::gpu::shaders::operand::dx;
use crate::gpu::shaders::{choice, geometry, slot};

/// Counts the elements of each sequence that take part, and takes the mean that the leaf sees, if it sees one. A workgroup goes
/// through a sequence.
pub(super) fn gather(request: &Request<'_>, sequences: usize, length: usize) -> Result<Stage> {
    if length > MOST_SUMMED {
        let what = "elements of a sequence".into();
        return Err(Error::TooLarge { what, needed: length as u64, limit: MOST_SUMMED as u64 });
    }
    let sees = request.loss().leaf().of_sequences();
    let number = if sees { sequence_number::DIFFERENCE } else { sequence_number::NONE };
    let slots = slots(request).with(slot::SEQUENCE_NUMBER, number);
    let stage = Stage::new(geometry::SEQUENCES_GATHER, slots, overrides(request.loss()), sequences as u64);
    Ok(stage.through(Values::Each(length as u64)).looping(length.div_ceil(256)))
}

/// Spreads the derivative with respect to the mean of each sequence over the elements that take part, chunk by chunk as the walk
/// goes.
pub(super) fn spread(request: &Request<'_>, sizes: &Sizes, wanted: &Wanted, values: Values, quads: bool) -> Stage {
    let mut slots = slots(request);
    slots.fill_dx(0, dx::WORDS);
    let choices = Choices::default().flag(choice::DX0_ADD, wanted.add);
    let stage = Stage::new(geometry::SEQUENCES_SPREAD, slots, choices, (sizes.items * sizes.chunks) as u64);
    let stage = stage.in_quads(quads).through(values).looping(sizes.chunks + sizes.chunk / 1024 + 4);
    stage.writing(vec![("dx0".into(), wanted.output)])
}
