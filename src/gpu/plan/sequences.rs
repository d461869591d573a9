//! Plans the dispatches around a walk over sequences, which are the rows of `[B, T]`: before it, what the elements of each have in
//! common; after it, the gradient of their mean.

use super::request::{Request, overrides, slots};
use super::spans::Values;
use super::stage::{Stage, Wanted};
use super::walk::{Sizes, summable};
use crate::error::Result;
use crate::gpu::choices::Choices;
use crate::gpu::shaders::geometry::sequence_number;
use crate::gpu::shaders::operand::dx;
use crate::gpu::shaders::{choice, geometry, slot};

/// Counts the elements of each sequence that take part, and takes the mean that the leaf sees, if it sees one. A workgroup goes
/// through a sequence.
pub(super) fn gather(request: &Request<'_>, sequences: usize, length: usize) -> Result<Stage> {
    summable("elements of a sequence", length)?;
    let sees = request.loss().leaf().of_sequences();
    let number = if sees { sequence_number::DIFFERENCE } else { sequence_number::NONE };
    let slots = slots(request).with(slot::SEQUENCE_NUMBER, number);
    let stage = Stage::new(geometry::SEQUENCES_GATHER, slots, overrides(request.loss()), sequences as u64);
    Ok(stage.through(Values::Each(length as u64)).looping(length.div_ceil(256)))
}

/// Whether a gradient is of the mean over a sequence, so that the walk leaves the slopes of sequences, to be spread.
pub(super) fn spreads(request: &Request<'_>, wanted: &Wanted) -> bool {
    request.loss().leaf().of_sequences() && wanted.operand == request.part.leader_name()
}

/// Spreads the slope of each sequence over the elements that take part, chunk by chunk as the walk goes. It comes after the walk
/// has `stored` the other gradients.
pub(super) fn spread(
    request: &Request<'_>,
    sizes: &Sizes,
    (spread, stored): (&[Wanted], &[Wanted]),
    values: Values,
    quads: bool,
) -> Vec<Stage> {
    let stage = |wanted: &Wanted| {
        let mut slots = slots(request);
        slots.fill_dx(0, dx::WORDS);
        // an output that the walk has written is added to
        let add = wanted.add || stored.iter().any(|other| other.output == wanted.output);
        let choices = Choices::default().flag(choice::DX0_ADD, add);
        let stage = Stage::new(geometry::SEQUENCES_SPREAD, slots, choices, (sizes.items * sizes.chunks) as u64);
        let stage = stage.in_quads(quads).through(values).looping(sizes.chunks + sizes.chunk / 1024 + 4);
        stage.writing(vec![("dx0".into(), wanted.output)])
    };
    spread.iter().map(stage).collect()
}
