//! Plans a loss of hardest pairs: the distances of rows from all others block by block, the extremes of each row, its
//! loss, and the gradients.
//!
//! The distances of all pairs are held at once only if one block has room for them. For the gradients they are measured
//! again, by the same kernels, since a pair is a row's hardest if its distance has the same bits as the row's extreme. A
//! distance also has the same bits from either side. So the gradient of a row finds both the others that are hardest for
//! this row, and the others for which this row is hardest. If one block holds all pairs, its distances are kept.
//!
//! A gradient adds up each 256 others separately, and the others of a block are a multiple of 256. So blocks change no bit.

use super::blocks::{MULTIPLIED, SLOPES, WIDEST, iterations};
use super::options::overrides;
use super::ranges::bytes_of_a_binding;
use super::request::Request;
use super::scratch::{Scratch, TALLY_BYTES, WORKSPACE_HEAD, scratch_bytes};
use super::sides::{Ending, Side, TILE};
use super::spans::Spans;
use super::stage::{Stage, Wanted, of_block};
use super::tiles::{
    BESIDE, DISPATCHES, MOST_DISPATCHES, WORKSPACE, block, endings, factors, over_tiles, rows_of_a_binding, scaling,
    with_windows,
};
use super::walk::{Counted, Sizes, Walk};
use crate::check::Pairs;
use crate::error::{Error, Result};
use crate::gpu::choices::Choices;
use crate::gpu::link::Slots;
use crate::gpu::params::Block;
use crate::gpu::shaders::geometry::tile_summands;
use crate::gpu::shaders::operand::{dx, labels, logit_scale};
use crate::gpu::shaders::{Shader, choice, geometry, slot};
use crate::role::Role;

/// How many others a workgroup takes at a time.
const TOGETHER: usize = 256;
/// The most others of a block: a lane may go through all of them.
const MOST_OTHERS: usize = 8192;
/// The columns of a row that a workgroup of the gradient takes.
const COLUMNS: usize = 1024;
/// How many times longer measuring may take where squares of distances overflow or vanish: single lanes then measure
/// them, not tiles.
const SLOWER: u64 = 8;

pub(super) fn plan(request: &Request<'_>, pairs: Pairs) -> Result<Walk> {
    let anchors = request.loss().header().of_role(Role::Anchors);
    let anchors = anchors.filter(|spec| request.part.operand(spec.name).is_some());
    let width = pairs.width;
    let other = Side { operand: request.part.leader_name(), rows: pairs.others, width, base: 0, from: 0 };
    let own = match anchors {
        Some(spec) => Side { operand: spec.name, rows: pairs.rows, width, base: pairs.others, from: pairs.first },
        None => other,
    };
    let mut written = Vec::new();
    let mut of = |side: Side| -> Vec<Wanted> {
        let wanted = endings(request, &[(side.operand, Ending::Rows)], &mut written);
        wanted.into_iter().map(|(_, wanted)| wanted).collect()
    };
    let alone = anchors.is_none();
    let mut passes = vec![Pass { own, other, own_scores: true, other_scores: alone, wanted: of(own) }];
    if !alone {
        passes.push(Pass { own: other, other: own, own_scores: false, other_scores: true, wanted: of(other) });
    }
    passes.retain(|pass| !pass.wanted.is_empty() && pairs.width > 0);
    let plan = Planning { request, pairs, own, other, passes };
    let blocks = plan.blocks()?;
    let (stages, counted) = plan.stages(&blocks);
    let tallies = pairs.rows.div_ceil(256);
    let sizes = Sizes { items: pairs.rows, per_item: pairs.width, tallies, counted, ..Sizes::default() };
    let scratch = plan.scratch(&blocks).into_iter().map(|(name, elements)| Scratch::new(name, elements)).collect();
    Ok(Walk { sizes, stages: with_windows(request, stages), scratch, spans: Spans::Whole })
}

/// A pass for the gradients of a side's rows.
struct Pass {
    own: Side,
    other: Side,
    /// Whether the losses of own rows depend on the distances, and whether the losses of the others do.
    own_scores: bool,
    other_scores: bool,
    wanted: Vec<Wanted>,
}

/// The most own rows and the most others of a block.
#[derive(Clone, Copy, Debug)]
struct Blocks {
    own: usize,
    others: usize,
}

/// The walk that is being planned.
struct Planning<'a> {
    request: &'a Request<'a>,
    pairs: Pairs,
    /// The rows that have a loss each, and the rows that they are compared with.
    own: Side,
    other: Side,
    passes: Vec<Pass>,
}

impl Planning<'_> {
    /// The names of the scratch memories, each with its number of elements.
    fn scratch(&self, blocks: &Blocks) -> Vec<(&'static str, u64)> {
        let Pairs { rows, others, width, .. } = self.pairs;
        let sides = rows + if self.own.base == self.other.base { 0 } else { others };
        let distances = |own: usize, other: usize| own.min(blocks.own) as u64 * other.min(blocks.others) as u64;
        let of_passes = self.passes.iter().map(|pass| distances(pass.own.rows, pass.other.rows));
        let most = self.passes.iter().map(|pass| pass.own.rows).max().unwrap_or(0);
        vec![
            ("factors", sides as u64),
            ("distances", of_passes.chain([distances(rows, others)]).max().unwrap_or(0)),
            ("extremes", rows as u64),
            ("pulls", if self.passes.is_empty() { 0 } else { rows as u64 }),
            ("products", most.min(blocks.own) as u64 * width.div_ceil(4) as u64),
            ("row_sums", most as u64),
        ]
    }

    /// The sizes of blocks: as many others, and then as many own rows, as loops and bindings allow. The longer side is halved
    /// until the blocks fit in memory.
    fn blocks(&self) -> Result<Blocks> {
        let Pairs { rows, others, width, .. } = self.pairs;
        if width > WIDEST {
            let (needed, limit) = (width as u64, WIDEST as u64);
            return Err(Error::TooLarge { what: "elements of a row".into(), needed, limit });
        }
        let (room, longest) = (rows_of_a_binding(self.request, width), rows.max(others));
        if room < TOGETHER && room < longest {
            let needed = bytes_of_a_binding(self.request, (TOGETHER * width) as u64);
            let limit = self.request.target.binding_limit;
            return Err(Error::TooLarge { what: "bytes of a binding, for 256 rows".into(), needed, limit });
        }
        let measured = (MULTIPLIED / SLOWER / width.max(1) as u64).min(SLOPES as u64) as usize;
        let room = (room / TOGETHER * TOGETHER).max(TOGETHER);
        let most = longest.max(1).next_multiple_of(TOGETHER).min(MOST_OTHERS).min(room);
        let own = (measured / most / TILE * TILE).clamp(TILE, room.max(TILE));
        let mut blocks = Blocks { own: own.min(longest.max(1).next_multiple_of(TILE)), others: most };
        while !self.fits(&blocks) {
            blocks = match blocks {
                Blocks { own, others } if others > TOGETHER && (others >= own || own == TILE) => {
                    Blocks { own, others: (others / 2).next_multiple_of(TOGETHER) }
                }
                Blocks { own, others } if own > TILE => Blocks { own: (own / 2).next_multiple_of(TILE), others },
                _ => return Err(self.refusal(&blocks)),
            };
        }
        let needed = self.dispatches(&blocks);
        match needed > MOST_DISPATCHES {
            true => Err(Error::TooLarge { what: DISPATCHES.into(), needed, limit: MOST_DISPATCHES }),
            false => Ok(blocks),
        }
    }

    fn bytes(&self, blocks: &Blocks) -> u64 {
        let held = self.scratch(blocks).iter().map(|(name, elements)| scratch_bytes(name) * elements).sum::<u64>();
        held + WORKSPACE_HEAD + TALLY_BYTES * self.pairs.rows.div_ceil(256) as u64 + BESIDE
    }

    /// The bytes of the largest scratch memory.
    fn largest_scratch(&self, blocks: &Blocks) -> u64 {
        self.scratch(blocks).iter().map(|(name, elements)| scratch_bytes(name) * elements).max().unwrap_or(0)
    }

    fn fits(&self, blocks: &Blocks) -> bool {
        self.bytes(blocks) <= self.request.workspace_bound
            && self.largest_scratch(blocks) <= self.request.target.binding_limit
    }

    /// The error if even the smallest blocks do not fit.
    fn refusal(&self, blocks: &Blocks) -> Error {
        let (needed, limit) = (self.bytes(blocks), self.request.workspace_bound);
        if needed > limit {
            return Error::TooLarge { what: WORKSPACE.into(), needed, limit };
        }
        let (needed, limit) = (self.largest_scratch(blocks), self.request.target.binding_limit);
        Error::TooLarge { what: "bytes of a binding, for a block of rows".into(), needed, limit }
    }

    /// An upper bound of the dispatches over blocks, without the few over all rows: three for each block of the losses and of
    /// each pass, and one for each gradient of a block of rows.
    fn dispatches(&self, blocks: &Blocks) -> u64 {
        let of = |own: usize, other: usize, wanted: usize| {
            own.div_ceil(blocks.own) as u64 * (3 * other.div_ceil(blocks.others).max(1) + wanted) as u64
        };
        let of_passes = self.passes.iter().map(|pass| of(pass.own.rows, pass.other.rows, pass.wanted.len()));
        of_passes.sum::<u64>() + of(self.pairs.rows, self.pairs.others, 0)
    }

    /// All dispatches, and the count of the denominator that gradients need first.
    fn stages(&self, blocks: &Blocks) -> (Vec<Stage>, Counted) {
        let Pairs { rows, width, .. } = self.pairs;
        let (request, room) = (self.request, rows_of_a_binding(self.request, width));
        let mut stages = factors(request, self.other, room, Choices::default());
        if self.own.base != self.other.base {
            stages.extend(factors(request, self.own, room, Choices::default()));
        }
        let find = self.stage(geometry::HARDEST_FIND, Choices::default()).looping(blocks.others.div_ceil(256).max(16));
        let measuring = self.measuring(self.own, self.other);
        for block in blocks.over(self.own, self.other) {
            stages.extend(self.measure(&measuring, block));
            stages.push(find.over(block, u64::from(block.own_end - block.own_first)));
        }
        let tallies = rows.div_ceil(256);
        let of_rows = |entry| {
            let stage = Stage::new(entry, self.slots(), overrides(request.loss()), tallies as u64);
            (rows > 0).then_some(stage)
        };
        stages.extend(of_rows(geometry::HARDEST_LOSSES));
        if self.passes.is_empty() {
            return (stages, Counted::default());
        }
        let scaled = scaling(request);
        let counted = if scaled.is_some() { Counted { chunk: 0, tallies } } else { Counted::default() };
        stages.extend(scaled);
        stages.extend(of_rows(geometry::HARDEST_PULLS));
        for pass in &self.passes {
            stages.extend(self.pass(blocks, pass));
        }
        (stages, counted)
    }

    /// The gradients of a side's rows, block by block.
    fn pass(&self, blocks: &Blocks, pass: &Pass) -> Vec<Stage> {
        let width = self.pairs.width;
        let choices =
            Choices::default().flag(choice::OWN_SCORES, pass.own_scores).flag(choice::OTHER_SCORES, pass.other_scores);
        let backward = self.stage(geometry::HARDEST_BACKWARD, choices).reading_quads(width.is_multiple_of(4));
        let reads = [("x0", pass.own.operand), ("x1", pass.other.operand)];
        let backward = backward.reading(&reads).looping(blocks.others);
        let finish = |wanted: &Wanted| {
            let mut slots = self.slots();
            slots.fill_dx(0, dx::WORDS);
            let choices = Choices::default().flag(choice::DX0_ADD, wanted.add);
            let stage = Stage::new(geometry::TILES_FINISH, slots, choices, 0).reading(&[("x0", pass.own.operand)]);
            stage.writing(vec![("dx0".into(), wanted.output)])
        };
        let finish: Vec<Stage> = pass.wanted.iter().map(finish).collect();
        // if one block holds all pairs, the distances of the losses are still in memory; a pass with its sides swapped measures
        // its own
        let one_block = pass.own.rows <= blocks.own && pass.other.rows <= blocks.others;
        let kept = one_block && pass.own.base == self.own.base;
        let measuring = self.measuring(pass.own, pass.other);
        let mut stages = Vec::new();
        for block in blocks.over(pass.own, pass.other) {
            let rows = (block.own_end - block.own_first) as usize;
            if !kept && block.other_end > block.other_first {
                stages.extend(self.measure(&measuring, block));
            }
            stages.push(backward.over(block, (rows * width.div_ceil(COLUMNS)) as u64));
            if block.other_end as usize == pass.other.rows {
                stages.extend(finish.iter().map(|finish| finish.over(block, (rows * width).div_ceil(256) as u64)));
            }
        }
        stages
    }

    /// The kernels that measure the distances of a side from another: their squares, then the distances.
    fn measuring(&self, own: Side, other: Side) -> [Stage; 2] {
        let width = self.pairs.width;
        let kernel = |entry, longest: usize| {
            let stage = self.stage(entry, Choices::default()).reading_quads(width.is_multiple_of(4));
            stage.reading(&[("x0", own.operand), ("x1", other.operand)]).looping(longest)
        };
        [kernel(geometry::HARDEST_SQUARES, iterations(width)), kernel(geometry::HARDEST_DISTANCES, width.div_ceil(4))]
    }

    /// Measures the distances of a block.
    fn measure(&self, [squares, distances]: &[Stage; 2], block: Block) -> [Stage; 2] {
        let (rows, others) = (block.own_end - block.own_first, block.other_end - block.other_first);
        let tiles = rows.div_ceil(TILE as u32) * others.div_ceil(TILE as u32);
        let block = Block { steps: of_block(self.pairs.width.div_ceil(16)), ..block };
        [squares.over(block, tiles.into()), distances.over(block, (rows * others).div_ceil(256).into())]
    }

    fn stage(&self, entry: Shader, choices: Choices) -> Stage {
        Stage::new(entry, self.slots(), choices, 0)
    }

    fn slots(&self) -> Slots {
        let mut slots = over_tiles(self.request);
        slots.fill(slot::TILE_SUMMANDS, tile_summands::SQUARES);
        slots.fill(slot::LABELS, labels::GIVEN);
        slots.fill(slot::LOGIT_SCALE, logit_scale::ONE);
        slots
    }
}

impl Blocks {
    /// The blocks of a side against others: for each range of own rows, the ranges of others. Without others a block
    /// still runs once, to set sums to zero.
    fn over(&self, own: Side, other: Side) -> Vec<Block> {
        let of_row = |first: usize| {
            let own = Block {
                other_base: of_block(other.base),
                other_from: of_block(other.from),
                ..block(own, first, first.saturating_add(self.own).min(own.rows))
            };
            (0..other.rows.max(1)).step_by(self.others).map(move |first| Block {
                other_first: of_block(first),
                other_end: of_block(first.saturating_add(self.others).min(other.rows)),
                fresh: u32::from(first == 0),
                ..own
            })
        };
        (0..own.rows).step_by(self.own).flat_map(of_row).collect()
    }
}
