//! Plans the dispatches around a walk over sequences, which are the rows of `[B, T]`: before it, the one that computes
//! what the elements of a sequence share; after it, those that write the gradients that come through a sequence's mean.

use super::options::overrides;
use super::request::Request;
use super::slots::slots;
use super::spans::Values;
use super::stage::{Stage, Wanted};
use super::walk::{Sizes, summable};
use crate::error::Result;
use crate::gpu::choices::Choices;
use crate::gpu::shaders::geometry::sequence_number;
use crate::gpu::shaders::operand::dx;
use crate::gpu::shaders::{choice, geometry, slot};

/// Counts the elements of each sequence that take part, and computes the mean that the leaf sees, if it sees one. A workgroup
/// goes through a whole sequence.
pub(super) fn gather(request: &Request<'_>, sequences: usize, length: usize) -> Result<Stage> {
    summable("elements of a sequence", length)?;
    let sees = request.loss().leaf().of_sequences();
    let number = if sees { sequence_number::DIFFERENCE } else { sequence_number::NONE };
    let slots = slots(request).with(slot::SEQUENCE_NUMBER, number);
    let stage = Stage::new(geometry::SEQUENCES_GATHER, slots, overrides(request.loss()), sequences as u64);
    Ok(stage.through(Values::Each(length as u64)).looping(length.div_ceil(256)))
}

/// Whether the leaf's derivative for this operand is with respect to the mean over a sequence. The walk then leaves a
/// slope for each chunk of a sequence, which [`spread`] spreads.
pub(super) fn spreads(request: &Request<'_>, wanted: &Wanted) -> bool {
    request.loss().leaf().of_sequences() && wanted.operand == request.part.leader_name()
}

/// Spreads the slope of each sequence over its elements that take part, in the same chunks as the walk. `spread` are the
/// gradients that these dispatches write, `stored` those that the walk has written before.
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
        // if the walk has written this output already, the gradient is added to it
        let add = wanted.add || stored.iter().any(|other| other.output == wanted.output);
        let choices = Choices::default().flag(choice::DX0_ADD, add);
        let stage = Stage::new(geometry::SEQUENCES_SPREAD, slots, choices, (sizes.items * sizes.chunks) as u64);
        let stage = stage.in_quads(quads).through(values).looping(sizes.chunks + sizes.chunk / 1024 + 4);
        stage.writing(vec![("dx0".into(), wanted.output)])
    };
    spread.iter().map(stage).collect()
}
