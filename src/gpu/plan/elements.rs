//! Plans a walk over elements.

use super::options::overrides;
use super::request::{Request, WalkLoss};
use super::scratch::Scratch;
use super::sequences;
use super::slots::slots;
use super::spans::{PER_ROW, Spans, Values};
use super::stage::{Stage, Wanted, bind_gradients, dispatches_for_gradients, of_block};
use super::totals::scale;
use super::walk::{Counted, Sizes, Walk, summable};
use crate::error::Result;
use crate::gpu::choices::Choices;
use crate::gpu::link::Slots;
use crate::gpu::params::Block;
use crate::gpu::shaders::geometry::{components, element_observation, sequence_slopes};
use crate::gpu::shaders::operand::{labels, losses, x};
use crate::gpu::shaders::{choice, geometry, is_own, slot};
use crate::gpu::tensor::Tensor;
use crate::leaf::Leaf;
use crate::reduction::Reduction;
use crate::role::Role;

/// The fewest and the most elements of a chunk.
const CHUNK: std::ops::RangeInclusive<usize> = 4096..=1 << 18;
/// About how many chunks a walk has on a GPU, as far as the bounds of [`CHUNK`] allow.
const CHUNKS: usize = 1024;

pub(super) fn plan(request: &Request<'_>, items: usize, per_item: usize) -> Result<Walk> {
    let total = items * per_item;
    let by_item = request.of_role(Role::Index).is_some();
    let (chunk, chunks) = chunks(request, items, per_item);
    let groups = if by_item || total > 0 { items * chunks } else { 0 };
    let lookups = if by_item { items.div_ceil(256) } else { 0 };
    let (columns, tallies) = (request.part.columns(), groups + lookups);
    let averaged = request.of_role(Role::Averaged).map(Tensor::len);
    let own = Sizes { items, per_item, chunk, chunks, columns, tallies, first_tally: groups, ..Sizes::default() };
    let mut walk = Walk {
        sizes: Sizes { classes: averaged.unwrap_or(0), ..own },
        scratch: request.has_items().then(|| Scratch::new("items", items as u64)).into_iter().collect(),
        spans: spans(request, by_item),
        stages: Vec::new(),
    };
    if groups == 0 {
        return Ok(walk);
    }
    walk.stages.extend(by_item.then(|| lookup(request, lookups as u64)));
    if let Some(count) = averaged {
        walk.stages.push(average(request, count)?);
    }
    if request.part.goes_by_sequences() {
        walk.stages.push(sequences::gather(request, items, per_item)?);
    }
    // an item is one value, whatever the number of its elements
    let values = if by_item { items } else { total };
    let of_values = Counted { chunk, tallies: values.div_ceil(chunk) };
    let count = count(request, of_values, values).through(Values::Each(chunk as u64));
    let (scaling, counted) = scale(request, WalkLoss::Only, Some((count, of_values)));
    walk.stages.extend(scaling);
    walk.sizes.counted = counted;

    let values = Values::OfItems { per_item, chunk, chunks };
    // chunks begin at multiples of four, unless items do not; boxes are quads themselves
    let boxes = matches!(request.loss().leaf(), Leaf::Boxes(_));
    let quads = boxes || items == 1 || per_item.is_multiple_of(4);
    let (spread, stored): (Vec<Wanted>, Vec<Wanted>) =
        request.wanted.iter().partition(|wanted| sequences::spreads(request, wanted));
    walk.stages.extend(dispatches_for_gradients(&stored, |first, gradients| {
        let stage = self::walk(request, groups as u64, first, gradients, quads);
        stage.in_quads(quads).through(values).looping(chunk / 256)
    }));
    walk.stages.extend(sequences::spread(request, &walk.sizes, (&spread, &stored), values, quads));
    walk.scratch.extend((!spread.is_empty()).then(|| Scratch::new("sequence_slopes", groups as u64)));
    if by_item && request.unreduced() {
        let losses = Stage::new(geometry::ITEMS_LOSSES, slots(request), Choices::default(), lookups as u64);
        walk.stages.push(losses.looping(chunks));
    }
    Ok(walk)
}

/// The elements of a chunk, and the chunks of an item.
pub(super) fn chunks(request: &Request<'_>, items: usize, per_item: usize) -> (usize, usize) {
    let busy = items * per_item / request.target.workgroups(CHUNKS);
    let chunk = busy.next_power_of_two().clamp(*CHUNK.start(), *CHUNK.end());
    // not much longer than an item, so that few lanes are idle
    let chunk = chunk.min(per_item.min(*CHUNK.end()).next_power_of_two().max(*CHUNK.start()));
    (chunk, per_item.div_ceil(chunk).max(1))
}

/// Which elements of each operand a value needs: one, the four of its box, or the one of its row. Operands of columns, and
/// broadcast ones, are bound whole.
fn spans(request: &Request<'_>, by_item: bool) -> Spans {
    let boxes = matches!(request.loss().leaf(), Leaf::Boxes(_));
    let mut components = [0; 4];
    for (component, spec) in components.iter_mut().zip(request.loss().header().components()) {
        *component = match spec.role {
            Role::Element if boxes => 4,
            Role::Element => 1,
            Role::Row => PER_ROW,
            _ => 0,
        };
    }
    let weights = [("weight", Role::Weight), ("sample_weight", Role::SampleWeight)];
    let broadcast = weights.into_iter().filter(|(_, role)| request.broadcast(*role).is_some());
    let broadcast = broadcast.map(|(name, _)| name).collect();
    Spans::Elements { components, columns: request.part.columns().max(1) as u64, by_item, broadcast }
}

/// A dispatch of the walk, which writes `gradients`. The first one also writes the losses, and leaves tallies and the slopes
/// of sequences.
fn walk(request: &Request<'_>, groups: u64, first: bool, gradients: &[Wanted], quads: bool) -> Stage {
    let header = request.loss().header();
    let by_item = request.of_role(Role::Index).is_some();
    let boxes = matches!(request.loss().leaf(), Leaf::Boxes(_));
    let (mut slots, mut choices) = (slots(request), overrides(request.loss()));
    components(request, &mut slots, &mut choices, quads);
    if !first || by_item {
        slots.fill(slot::LOSSES, losses::NOWHERE);
    }
    if first && request.observes() {
        slots.fill(slot::ELEMENT_OBSERVATION, element_observation::SIGMOID);
    }
    if first && request.wanted.iter().any(|wanted| sequences::spreads(request, wanted)) {
        slots.fill(slot::SEQUENCE_SLOPES, sequence_slopes::KEPT);
    }
    slots.fill(slot::COMPONENTS, if boxes { components::BOXES } else { components::SCALARS });
    let bound = bind_gradients(&mut slots, &mut choices, header, gradients);
    let choices = choices
        .flag(choice::BY_ITEM, by_item)
        .flag(choice::SEQUENCE_MEAN, request.part.reduction == Reduction::SequenceMean)
        .flag(choice::COUNTS, first)
        .number(choice::TEAM, request.target.team())
        .flag(choice::FOREIGN_LEAF, !is_own(&header.shader));
    Stage::new(geometry::ELEMENTS, slots, choices, groups).writing(bound)
}

/// Sets how the leaf's operands are read. The loss's constants are read like one more operand after them.
fn components(request: &Request<'_>, slots: &mut Slots, choices: &mut Choices, quads: bool) {
    // whether no quad of elements crosses the end of a row, so that the columns of its elements are a quad too
    let uncut = quads && request.part.columns().is_multiple_of(4);
    let specs: Vec<_> = request.loss().header().components().collect();
    // a leaf of sequences sees only the mean of the difference of its first two operands
    let averaged = if request.loss().leaf().of_sequences() { 0..2 } else { 0..0 };
    for k in 0..4 {
        let spec = specs.get(k);
        let given = spec
            .map_or(k == specs.len() && request.columns().is_some(), |spec| request.part.operand(spec.name).is_some());
        let given = given && !averaged.contains(&k);
        let broadcast = spec.is_some_and(|spec| request.part.broadcast(spec).is_some());
        slots.fill_x(
            k,
            if broadcast {
                x::BROADCAST
            } else if given {
                x::WORDS
            } else {
                x::NUMBER
            },
        );
        let place = match spec.map(|spec| spec.role) {
            _ if broadcast => 0.0,
            Some(Role::Element) => 0.0,
            Some(Role::Row) => 1.0,
            _ if uncut => 3.0,
            _ => 2.0,
        };
        choices.add(format!("X{k}_PLACE"), if given { place } else { 0.0 });
        choices.add(format!("X{k}_ABSENT"), spec.map_or(0.0, |spec| spec.absent.into()));
    }
}

/// Counts the denominator of a mean over `values` values with weights or a mask.
pub(super) fn count(request: &Request<'_>, counted: Counted, values: usize) -> Stage {
    let block = Block { own_end: of_block(values), ..Block::default() };
    let choices = Choices::default().flag(choice::BY_ITEM, request.of_role(Role::Index).is_some());
    Stage::new(geometry::ELEMENTS_COUNT, slots(request), choices, 0).over(block, counted.tallies as u64)
}

/// Looks up the number of each item in the table, once for all elements of the item.
fn lookup(request: &Request<'_>, groups: u64) -> Stage {
    Stage::new(
        geometry::ITEMS_LOOKUP,
        slots(request).with(slot::LABELS, labels::GIVEN),
        overrides(request.loss()),
        groups,
    )
}

/// Computes the mean of the operand with the role `Averaged`, once for all elements.
fn average(request: &Request<'_>, count: usize) -> Result<Stage> {
    summable("numbers whose mean is taken", count)?;
    let stage = Stage::new(geometry::ITEMS_MEAN, slots(request), overrides(request.loss()), 1);
    Ok(stage.looping(count.div_ceil(256)))
}
