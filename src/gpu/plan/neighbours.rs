//! Plans a walk over pixels and their neighbours.

use super::elements::{self, chunks};
use super::options::overrides;
use super::request::{Request, WalkLoss};
use super::slots::slots;
use super::spans::{Spans, Values};
use super::stage::{Stage, block_of};
use super::totals::scale;
use super::walk::{Counted, Sizes, Walk};
use crate::gpu::choices::Choices;
use crate::gpu::shaders::operand::{dx, losses, x};
use crate::gpu::shaders::{choice, geometry, slot};
use crate::role::Role;
use crate::shape::Pictures;

/// The items that a workgroup counts before the walk.
const COUNTED: usize = 1 << 16;

pub(super) fn plan(request: &Request<'_>, pictures: Pictures) -> Walk {
    let per_item = pictures.per_item();
    let (chunk, chunks) = chunks(request, pictures.n, per_item);
    let groups = pictures.n * chunks;
    let sizes = Sizes { chunk, chunks, tallies: groups, ..Sizes::of_pictures(pictures) };
    // the pixel above lies a row away, and no neighbour is farther
    let spans = Spans::Neighbours { reach: pictures.row() as u64 };
    if groups == 0 {
        return Walk { sizes, spans, ..Walk::default() };
    }
    let (mut stages, counted) = scale(request, WalkLoss::Only, Some(count(request, pictures.n)));
    let sizes = Sizes { counted, ..sizes };
    let (operand, wanted) = (request.loss().header().of_role(Role::Pictures), request.wanted.first());
    let mut slots = slots(request).with(slot::LOSSES, losses::NOWHERE);
    slots.fill_x(0, x::WORDS);
    slots.fill_dx(0, if wanted.is_some() { dx::WORDS } else { dx::NOWHERE });
    let choices = overrides(request.loss())
        .flag(choice::WRITES, wanted.is_some())
        .flag(choice::DX0_ADD, wanted.is_some_and(|wanted| wanted.add));
    let walk = Stage::new(geometry::NEIGHBOURS, slots, choices, groups as u64)
        .reading(&operand.map(|spec| ("x0", spec.name)).into_iter().collect::<Vec<_>>())
        .writing(wanted.map(|wanted| ("dx0".into(), wanted.output)).into_iter().collect());
    let walk = walk.over(block_of(&pictures), groups as u64).looping(chunk / 256);
    stages.push(walk.through(Values::OfItems { per_item, chunk, chunks }));
    if request.unreduced() {
        stages.push(losses(request, pictures.n, chunks));
    }
    Walk { sizes, stages, spans, ..Walk::default() }
}

/// The dispatch that counts items, with how many items a workgroup counts and how many tallies it leaves. Only sample
/// weights make the count necessary.
pub(super) fn count(request: &Request<'_>, items: usize) -> (Stage, Counted) {
    let counted = Counted { chunk: COUNTED, tallies: items.div_ceil(COUNTED) };
    (elements::count(request, counted, items), counted)
}

/// The unreduced loss of each item, from its tallies.
pub(super) fn losses(request: &Request<'_>, items: usize, chunks: usize) -> Stage {
    let stage = Stage::new(geometry::PICTURES_LOSSES, slots(request), Choices::default(), items as u64);
    stage.looping(chunks.div_ceil(256))
}
