//! Plans a loss of Gram matrices: sums over chunks of positions, the losses of pairs of channels, the gradient.

use super::blocks::{SLOPES, WIDEST, WORKGROUPS, iterations};
use super::elements;
use super::options::overrides;
use super::ranges::{bytes_of_a_binding, most_elements};
use super::request::{Request, WalkLoss};
use super::scratch::{Scratch, TALLY_BYTES, WORKSPACE_HEAD};
use super::sides::{Side, TILE};
use super::slots::slots;
use super::spans::Spans;
use super::stage::{Stage, of_block};
use super::tiles::{BESIDE, WORKSPACE, factors, over_tiles};
use super::totals::scale;
use super::walk::{Counted, Sizes, Walk};
use crate::error::{Error, Result};
use crate::gpu::choices::Choices;
use crate::gpu::params::Block;
use crate::gpu::shaders::geometry::{own_elements, own_halves, tile_rows};
use crate::gpu::shaders::operand::dx;
use crate::gpu::shaders::{choice, geometry, slot};
use crate::role::Role;
use crate::shape::Classes;
use std::ops::Range;

/// The pairs of channels that a workgroup counts before the walk.
const COUNTED: usize = 1 << 16;

/// The most positions of an item: 256 lanes share the positions of a channel.
const MOST_POSITIONS: usize = 256 * 8192;

pub(super) fn plan(request: &Request<'_>, classes: Classes) -> Result<Walk> {
    let Classes { n, c, s, .. } = classes;
    let values = n as u64 * c as u64 * c as u64;
    for (what, needed, limit) in
        [("channels of an item", c as u64, WIDEST as u64), ("positions of an item", s as u64, MOST_POSITIONS as u64)]
    {
        if needed > limit {
            return Err(Error::TooLarge { what: what.into(), needed, limit });
        }
    }
    let tiles = c.div_ceil(TILE);
    // enough chunks to keep a GPU busy, as long as their sums take little memory
    let pairs_of_tiles = (n * tiles) as u64 * tiles as u64;
    let busy = ((s / WORKGROUPS) as u64 * pairs_of_tiles).next_power_of_two();
    let small = (s as u64 * values.div_ceil(SLOPES as u64)).next_power_of_two();
    let chunk = busy.min(small.max(1024)).clamp(1024, WIDEST as u64) as usize;
    let chunks = s.div_ceil(chunk).max(1);
    let rounds = (values as usize / (256 * 4096)).next_power_of_two().min(16);
    let scored = values.div_ceil(256 * rounds as u64);
    let sizes = Sizes { chunk, chunks, rounds, tallies: scored as usize, ..Sizes::of(classes) };
    let scratch = vec![
        Scratch::new("factors", 2 * (n * c) as u64),
        Scratch::new("grams", 2 * chunks as u64 * values),
        Scratch::new("gram_slopes", values),
    ];
    let held: u64 = scratch.iter().map(|scratch| scratch.bytes).sum();
    let needed = held + WORKSPACE_HEAD + TALLY_BYTES * scored + BESIDE;
    if needed > request.workspace_bound {
        let limit = request.workspace_bound;
        return Err(Error::TooLarge { what: WORKSPACE.into(), needed, limit });
    }
    if values == 0 {
        return Ok(Walk { sizes, scratch, ..Walk::default() });
    }
    // without sample weights nothing is counted, but upstream or the divisor may be tensors
    let of_values = Counted { chunk: COUNTED, tallies: (values as usize).div_ceil(COUNTED) };
    let count = elements::count(request, of_values, values as usize);
    let (mut stages, counted) = scale(request, WalkLoss::Only, Some((count, of_values)));
    let sizes = Sizes { counted, ..sizes };

    let mut features = request.loss().header().operands.iter().filter(|spec| spec.role == Role::Channels);
    let mut next = |base| features.next().map(|spec| Side { operand: spec.name, rows: n * c, width: s, base, from: 0 });
    let sides: Vec<Side> = [next(0), next(n * c)].into_iter().flatten().collect();
    // in channels-last tensors the channels of a position lie together, and lanes are laid out along them
    let last = classes.class_stride == 1 && s > 1;
    let quads = s.is_multiple_of(4) && c.is_multiple_of(4);
    let channels = Choices::default().flag(choice::CHANNELS, true);
    // how many items a binding has room for
    let item = (c * s) as u64;
    let together = if n as u64 * item > most_elements(request) { most_elements(request) / item } else { n as u64 };
    if together == 0 {
        let limit = request.target.binding_limit;
        let needed = bytes_of_a_binding(request, item);
        return Err(Error::TooLarge { what: "bytes of a binding, for an item".into(), needed, limit });
    }
    let all = n as u64 * item;
    let some: Vec<Range<u64>> =
        (0..n as u64).step_by(together as usize).map(|first| first..(first + together).min(n as u64)).collect();
    // the slice of a stage for `items` in the round `round` of `rounds`; each round goes through all items, with `each`
    // workgroups for an item
    let over = |stage: &Stage, block: Block, items: &Range<u64>, (round, rounds): (u64, u64), each: u64| {
        let before = round * n as u64;
        let groups = (before + items.start) * each..(before + items.end) * each;
        let mut stage = stage.slice(block, groups, rounds * n as u64 * each);
        let operands = ["x0", "x1", "x2", "dx0"].into_iter().filter(|_| together < n as u64);
        let bound: Vec<&str> = stage.recipe.bindings().iter().map(|binding| binding.name).collect();
        let operands = operands.filter(|name| bound.contains(name));
        stage.windows = operands.map(|name| (name, items.start * item..(items.end * item).min(all))).collect();
        stage
    };
    for side in &sides {
        stages.extend(factors(request, *side, together as usize * c, channels.clone()).into_iter().map(|mut stage| {
            let Block { own_first, own_end, .. } = stage.block;
            if together < n as u64 {
                stage.windows = vec![("x0", u64::from(own_first) * s as u64..u64::from(own_end) * s as u64)];
            }
            stage
        }));
    }
    // two products, (F − T)·F′ and (F − T)·T′, from which the scores compute F·F′ − T·T′ without cancellation (F input, T target)
    for (place, side) in sides.iter().enumerate() {
        let choices = channels.clone().flag(choice::OWN_ACROSS, last).flag(choice::OTHER_ACROSS, last);
        // a difference of two f16 has more digits than they have, but hardly a greater range
        let choices = choices.flag(choice::SCALED, false);
        let slots = over_tiles(request).with(slot::OWN_ELEMENTS, own_elements::DIFFERENCE);
        let slots = slots.with(slot::OWN_HALVES, own_halves::SPLIT);
        let gather = Stage::new(geometry::GRAM_GATHER, slots, choices, 0).in_quads(quads).looping(iterations(chunk));
        let base = of_block(side.base);
        let first_chunk = of_block(place * chunks);
        let steps = of_block(chunk.min(s).div_ceil(16));
        let block = Block { own_base: 0, other_base: base, first_chunk, steps, ..Default::default() };
        let reads = [("x0", sides[0].operand), ("x1", side.operand), ("x2", sides[1].operand)];
        let gather = gather.reading(&reads);
        if together == n as u64 {
            stages.push(gather.over(block, pairs_of_tiles * chunks as u64));
            continue;
        }
        for chunk in 0..chunks as u64 {
            let (round, each) = ((chunk, chunks as u64), (tiles * tiles) as u64);
            stages.extend(some.iter().map(|items| over(&gather, block, items, round, each)));
        }
    }
    // an invocation scores each pair of channels and the exchanged pair, and either score adds the chunks of two
    // products
    let score = Stage::new(geometry::GRAM_SCORE, slots(request), overrides(request.loss()), scored);
    stages.push(score.looping(4 * rounds * chunks));
    for wanted in request.wanted.iter().filter(|_| s > 0) {
        let slots = over_tiles(request).with(slot::TILE_ROWS, tile_rows::CHANNELS);
        let mut slots = slots.with(slot::OWN_HALVES, own_halves::SPLIT);
        slots.fill_dx(0, dx::WORDS);
        let choices = channels.clone().flag(choice::OTHER_ACROSS, !last).flag(choice::DX0_ADD, wanted.add);
        let stage = Stage::new(geometry::GRAM_BACKWARD, slots, choices, 0)
            .reading_quads(quads)
            .looping(iterations(c))
            .reading(&[("x1", sides[0].operand)]);
        let block = Block { steps: of_block(c.div_ceil(16)), ..Default::default() };
        let stage = stage.writing(vec![("dx0".into(), wanted.output)]);
        let each = (tiles * s.div_ceil(TILE)) as u64;
        stages.extend(some.iter().map(|items| over(&stage, block, items, (0, 1), each)));
    }
    Ok(Walk { sizes, stages, scratch, spans: Spans::Whole })
}
