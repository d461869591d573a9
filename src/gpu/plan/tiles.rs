//! Plans a walk of rows against all others, tile by tile: statistics in chunks of tiles, gradients in blocks of bounded
//! size.
//!
//! The products of all pairs are held at once only if one block has room for them. Tiles of 64 × 64 products (`geometry/lane_products`) are folded into
//! each row's state; a fold that sees two products at a time reads them from memory (`logits.rs`). For the gradients the
//! products are computed again, block by block, and turned into slopes, as `passes.rs` says. If everything fits one
//! block, the products of the statistics are kept for the gradients (`geometry/block_products/kept`). The blocks of a
//! walk share a kernel, and differ in the `Block` of their parameters. A shard has fewer own rows and the same others,
//! and its `Block` says where in the batch the own rows begin.

use super::blocks::{Blocks, MOST_MERGED, WIDEST, chunks, dispatches, iterations, scratch, shares};
use super::classes::{notes, softmax_states};
use super::ranges::{bytes_of_a_binding, most_elements};
use super::request::{Request, WalkLoss};
use super::scratch::{Scratch, TALLY_BYTES, WORKSPACE_HEAD, state_bytes};
use super::sides::{Against, Ending, Logits, Pass, Side, Statistics, TILE};
use super::slots::slots;
use super::stage::{Stage, Wanted, of_block};
use super::totals::totals;
use crate::check::Divisor;
use crate::error::{Error, Result};
use crate::gpu::choices::Choices;
use crate::gpu::link::Slots;
use crate::gpu::params::Block;
use crate::gpu::shaders::geometry::{
    block_products, chunk_merge, own_elements, own_halves, seen_logit, tile_rows, tile_summands,
};
use crate::gpu::shaders::{Shader, choice, fold, geometry, slot};
use crate::gpu::tensor::Tensor;
use crate::leaf::Leaf;
use crate::role::Role;
use crate::shape::{DType, elements};
use crate::term::Scale;

/// The most dispatches of a plan. Each is recorded by the host, which takes time.
pub(super) const MOST_DISPATCHES: u64 = 1 << 14;

/// What a refusal says if the blocks do not fit the workspace bound, with what the caller can do.
pub(super) const WORKSPACE: &str =
    "bytes of workspace (`Gpu::set_workspace_bound` allows more, and fewer rows a call need less)";

/// The text of a refusal if there are too many blocks. It also says what the caller can do.
pub(super) const DISPATCHES: &str = "dispatches of all blocks (take fewer rows a call: the losses and gradients of all calls add \
     up under the whole's `divide_by`; where rows are compared with all others, by `rows_from`)";

/// The most bytes that a job holds besides its plan's scratch memory.
pub(super) const BESIDE: u64 = 4096;

/// Fills the slots of the kernels over tiles. Rows are read from operands.
pub(super) fn over_tiles(request: &Request<'_>) -> Slots {
    let mut slots = slots(request);
    request.target.multiply_tiles(&mut slots, by_matrices(request));
    slots.fill(slot::OWN_HALVES, own_halves::EXACT);
    slots.fill(slot::TILE_ROWS, tile_rows::OPERANDS);
    slots.fill(slot::TILE_SUMMANDS, tile_summands::PRODUCTS);
    slots.fill(slot::OWN_ELEMENTS, own_elements::OPERAND);
    slots.fill(slot::FOLD, fold::SOFTMAX);
    slots.fill(slot::SEEN_LOGIT, seen_logit::NONE);
    slots.fill(slot::CHUNK_MERGE, chunk_merge::STATES);
    slots
}

/// Whether matrices of f16 multiply tiles. They do only if all rows are f16, and tiles sum products rather than squared
/// differences. Rows of bf16 are left out because the range of bf16 exceeds that of f16.
pub(super) fn by_matrices(request: &Request<'_>) -> bool {
    const ROWS: &[Role] = &[
        Role::Rows,
        Role::MoreRows,
        Role::Anchors,
        Role::Projection,
        Role::TeacherRows,
        Role::TeacherProjection,
        Role::Channels,
    ];
    let of_rows = request.loss().header().operands.iter().filter(|spec| ROWS.contains(&spec.role));
    let mut of_rows = of_rows.filter_map(|spec| request.part.operand(spec.name));
    let squares = matches!(request.loss().leaf(), Leaf::Hardest(_));
    // a state with notes leaves workgroup memory no room for f16
    let available = request.target.matrices.is_some() && !notes(request);
    available && !squares && of_rows.all(|rows| rows.dtype() == DType::F16)
}

/// What a family adds to the walk: the slots of its kernels, and its choices.
pub(super) struct Scores {
    pub slots: Slots,
    pub choices: Choices,
}

/// A walk over tiles.
pub(super) struct Tiles<'a> {
    pub request: &'a Request<'a>,
    pub width: usize,
    pub scores: Scores,
    statistics: Statistics,
    pub blocks: Blocks,
    /// Whether the products are kept from the statistics to the slopes, because one block holds them all.
    pub keeps: bool,
    /// The scratch memory of the family's kernels and of the walk.
    pub scratch: Vec<Scratch>,
}

impl<'a> Tiles<'a> {
    /// The walk for these statistics and passes. Its blocks fit the workspace bound together with the scratch memory
    /// `held` of the family, and the `tallies` that the family's kernels leave.
    pub fn new(
        request: &'a Request<'a>,
        mut held: Vec<Scratch>,
        width: usize,
        tallies: usize,
        scores: Scores,
        statistics: Statistics,
        passes: &[Pass],
    ) -> Result<Tiles<'a>> {
        let (widest, room) = room(request, width, &statistics)?;
        let bytes: u64 = held.iter().map(|scratch| scratch.bytes).sum();
        let bytes = bytes + WORKSPACE_HEAD + TALLY_BYTES * tallies as u64 + BESIDE;
        let needs = |blocks: &Blocks| {
            let scratch = scratch(width, *blocks, &statistics, passes);
            bytes + scratch.iter().map(|(_, elements, bytes)| elements * bytes).sum::<u64>()
        };
        let binds = |blocks: &Blocks| {
            let scratch = scratch(width, *blocks, &statistics, passes);
            scratch.iter().map(|(_, elements, bytes)| elements * bytes).max().unwrap_or(0)
        };
        let rows = passes.first().map_or(0, |pass| pass.against.own.rows);
        let states = match &statistics {
            Statistics::Tiles(_) => softmax_states(notes(request)),
            Statistics::Logits(_) => "fold/divergence",
        };
        let blocks = Blocks::ever_smaller(widest, rows, room, shares(passes), state_bytes(states));
        let blocks = blocks
            .into_iter()
            .find(|blocks| needs(blocks) <= request.workspace_bound && binds(blocks) <= request.target.binding_limit);
        let Some(blocks) = blocks else {
            let least = Blocks::ever_smaller(widest, rows, room, false, state_bytes(states)).last();
            let (needed, limit) = (least.map_or(bytes, |blocks| needs(&blocks)), request.workspace_bound);
            if needed <= limit {
                let (needed, limit) = (least.map_or(0, |blocks| binds(&blocks)), request.target.binding_limit);
                return Err(Error::TooLarge { what: "bytes of a binding, for a block of rows".into(), needed, limit });
            }
            return Err(Error::TooLarge { what: WORKSPACE.into(), needed, limit });
        };
        held.extend(scratch(width, blocks, &statistics, passes).into_iter().map(|(name, elements, _)| match name {
            "chunk_states" => Scratch::states("chunk_states", states, elements),
            name => Scratch::new(name, elements),
        }));
        let needed = dispatches(width, &blocks, &statistics, passes);
        if needed > MOST_DISPATCHES {
            return Err(Error::TooLarge { what: DISPATCHES.into(), needed, limit: MOST_DISPATCHES });
        }
        let keeps = keeps(request, &statistics, passes, &blocks);
        Ok(Tiles { request, width, scores, statistics, blocks, keeps, scratch: held })
    }

    /// Fills the slots of a kernel that needs the products of rows of x0 with rows of x1. If `kept`, the products of
    /// the statistics are kept and used again.
    pub fn of_rows(&self, kept: bool) -> Slots {
        self.scores.slots.with(slot::BLOCK_PRODUCTS, if kept { block_products::KEPT } else { block_products::AGAIN })
    }

    /// Whether every row is a whole number of quads.
    pub fn in_quads(&self) -> bool {
        self.width.is_multiple_of(4)
    }

    /// Computes the factor that each row of a side is multiplied by.
    pub fn factors(&self, side: Side) -> Vec<Stage> {
        let room = rows_of_a_binding(self.request, side.width);
        factors(self.request, side, room, self.scores.choices.clone())
    }

    /// The logits that lie in memory, if statistics and slopes come from logits.
    pub fn logits(&self) -> Option<&Logits> {
        self.statistics.logits()
    }

    /// Computes the states of all rows that have one.
    pub fn statistics(&self) -> Vec<Stage> {
        match &self.statistics {
            Statistics::Tiles(all) => all.iter().flat_map(|against| self.of_tiles(against)).collect(),
            Statistics::Logits(logits) => self.of_logits(logits),
        }
    }

    /// Computes the states of a side's rows, over all rows that they are scored against, tile by tile.
    fn of_tiles(&self, against: &Against) -> Vec<Stage> {
        let own = against.own;
        let (chunk, chunks) = chunks(against, self.width, self.blocks.room);
        let all: usize = chunks.iter().sum();
        let slots = self.of_rows(self.keeps && own.base == 0);
        let gathers: Vec<Stage> = against
            .others
            .iter()
            .map(|(other, of_pair)| {
                let choices = self.scores.choices.clone().and(of_pair);
                let stage = Stage::new(geometry::TILES_GATHER, slots.clone(), choices, 0);
                let stage = stage.in_quads(self.in_quads()).looping(chunk * iterations(self.width));
                stage.reading(&[("x0", own.operand), ("x1", other.operand)])
            })
            .collect();
        let merge = Stage::new(geometry::TILES_MERGE, slots, Choices::default(), 0).looping(all);
        let mut stages = Vec::new();
        let step = self.blocks.rows_at_once(against, self.width, all);
        for first in (0..own.rows).step_by(step.max(1)) {
            let end = first.saturating_add(step).min(own.rows);
            let mut block = Block { fresh: 1, ..block(own, first, end) };
            (block.chunk, block.chunks) = (of_block(chunk), of_block(all));
            block.steps = of_block(self.width.div_ceil(16));
            for (gather, (other, _)) in gathers.iter().zip(&against.others) {
                (block.other_base, block.other_from) = (of_block(other.base), of_block(other.from));
                // each dispatch takes as many whole chunks as a binding has room for
                let together = (self.blocks.room / (chunk * TILE)).max(1) * chunk * TILE;
                for other_first in (0..other.rows).step_by(together) {
                    let other_end = other_first.saturating_add(together).min(other.rows);
                    (block.other_first, block.other_end) = (of_block(other_first), of_block(other_end));
                    let chunks = (other_end - other_first).div_ceil(chunk * TILE);
                    stages.push(gather.over(block, (end - first).div_ceil(TILE) as u64 * chunks as u64));
                    block.first_chunk += of_block(chunks);
                }
            }
            (block.other_first, block.other_end) = (0, 0);
            stages.push(merge.over(block, (end - first).div_ceil(256) as u64));
        }
        stages
    }

    /// A stage over the rows that have a value each, with a lane for each row.
    pub fn over_rows(&self, entry: Shader, slots: Slots) -> Stage {
        let rows = elements(&self.request.checked.loss_shape).unwrap_or(0);
        let shards = self.request.part.among.as_ref().map_or(1, |all| all.shape()[0]);
        let choices = self.scores.choices.clone().flag(choice::OF_ROWS, true);
        Stage::new(entry, slots, choices, rows.div_ceil(256) as u64).looping(shards)
    }
}

/// The elements of the longest rows, and how many of these rows a binding has room for. Refuses what no block can hold.
fn room(request: &Request<'_>, width: usize, statistics: &Statistics) -> Result<(usize, usize)> {
    let widest = statistics.logits().map_or(width, Logits::widest);
    if widest > WIDEST {
        let (needed, limit) = (widest as u64, WIDEST as u64);
        return Err(Error::TooLarge { what: "elements of a row".into(), needed, limit });
    }
    let room = rows_of_a_binding(request, widest);
    if let Statistics::Tiles(all) = statistics {
        let chunks = all.iter().map(|against| chunks(against, width, room).1.iter().sum::<usize>() as u64);
        if let Some(needed) = chunks.max().filter(|&needed| needed > MOST_MERGED as u64) {
            let what = "chunks of the scores of a row".into();
            return Err(Error::TooLarge { what, needed, limit: MOST_MERGED as u64 });
        }
    }
    let longest = |against: &Against| {
        let others = against.others.iter().map(|(other, _)| other.rows).max().unwrap_or(0);
        against.own.rows.max(others)
    };
    if room < TILE && statistics.sides().iter().map(longest).any(|rows| rows > room) {
        let (needed, limit) = (bytes_of_a_binding(request, (TILE * widest) as u64), request.target.binding_limit);
        return Err(Error::TooLarge { what: "bytes of a binding, for 64 rows".into(), needed, limit });
    }
    Ok((widest, room))
}

/// Whether products are kept from the statistics to the slopes, because one block holds them all.
fn keeps(request: &Request<'_>, statistics: &Statistics, passes: &[Pass], blocks: &Blocks) -> bool {
    let crowded = [Role::PerClass, Role::PerProjection].iter().all(|role| request.of_role(*role).is_some());
    match (statistics, passes) {
        // with a bias and class weights, a binding for the products would be one too many
        (Statistics::Tiles(all), [pass, ..]) => {
            let same = all.first().is_some_and(|of| of.own.base == pass.against.own.base);
            !crowded && same && blocks.hold(&pass.against)
        }
        (Statistics::Tiles(_), []) => false,
        (Statistics::Logits(logits), _) => blocks.hold(&logits.against()),
    }
}

/// Computes the upstream gradient over the denominator, if only the GPU knows one of the two. This stage comes after the losses
/// have left their tallies, so nothing has to be counted before.
pub(super) fn scaling(request: &Request<'_>) -> Option<Stage> {
    let counted = matches!(request.checked.divisor, Divisor::Weights | Divisor::Count { .. } | Divisor::Tensor);
    let given = matches!(request.part.upstream, Scale::Tensor(_));
    let scales = !request.unreduced() && (counted || given);
    scales.then(|| totals(request, WalkLoss::Only, geometry::TOTALS_SCALE))
}

/// The wanted gradients among those that a pass produces. If an earlier pass has written an output, the gradient is added to
/// it.
pub(super) fn endings(
    request: &Request<'_>,
    of: &[(&'static str, Ending)],
    written: &mut Vec<usize>,
) -> Vec<(Ending, Wanted)> {
    let mut endings = Vec::new();
    for (operand, ending) in of {
        for wanted in request.wanted.iter().filter(|wanted| wanted.operand == *operand) {
            let add = wanted.add || written.contains(&wanted.output);
            endings.push((*ending, Wanted { add, ..*wanted }));
            written.push(wanted.output);
        }
    }
    endings
}

/// How many rows of any float dtype a binding has room for.
pub(super) fn rows_of_a_binding(request: &Request<'_>, width: usize) -> usize {
    usize::try_from(most_elements(request) / width.max(1) as u64).unwrap_or(usize::MAX)
}

/// The kernels that read own rows from operands. Some of them read others too.
const OF_ROWS: &[&str] = &[
    "rows_factors",
    "linear_hits",
    "tiles_gather",
    "tiles_logits",
    "tiles_slopes",
    "tiles_product",
    "tiles_finish",
    "hardest_squares",
    "hardest_distances",
    "hardest_backward",
];

/// Lets each stage of a walk bind only the rows of its block, if an operand or its gradient is longer than a binding.
pub(super) fn with_windows(request: &Request<'_>, mut stages: Vec<Stage>) -> Vec<Stage> {
    let too_long = |tensor: &Tensor| tensor.len() as u64 > most_elements(request);
    if !request.part.operands.iter().any(|(_, tensor)| too_long(tensor)) {
        return stages;
    }
    for stage in &mut stages {
        let Block { own_first, own_end, other_first, other_end, width, .. } = stage.block;
        let rows = |first: u32, end: u32| u64::from(first) * u64::from(width)..u64::from(end) * u64::from(width);
        if OF_ROWS.contains(&stage.recipe.entry()) {
            let names = stage.recipe.bindings().iter().map(|binding| binding.name);
            stage.windows = names
                .filter_map(|name| match name {
                    "x0" | "dx0" => Some((name, rows(own_first, own_end))),
                    "x1" => Some((name, rows(other_first, other_end))),
                    _ => None,
                })
                .collect();
        }
    }
    stages
}

/// How many lanes share a row of this width.
pub(super) fn lanes_of_a_row(width: usize) -> usize {
    if width <= 4096 { 16 } else { 256 }
}

/// Computes the factors of a side's rows, `room` rows at a time.
pub(super) fn factors(request: &Request<'_>, side: Side, room: usize, choices: Choices) -> Vec<Stage> {
    let lanes = lanes_of_a_row(side.width);
    let choices = choices.number(choice::LANES, lanes);
    let stage = Stage::new(geometry::ROWS_FACTORS, slots(request), choices, 0).reading(&[("x0", side.operand)]);
    let stage = stage.looping(side.width.div_ceil(lanes));
    let over = |first: usize| {
        let end = first.saturating_add(room.max(1)).min(side.rows);
        stage.over(block(side, first, end), (end - first).div_ceil(256 / lanes) as u64)
    };
    (0..side.rows).step_by(room.max(1)).map(over).collect()
}

/// A block of own rows without others.
pub(super) fn block(own: Side, first: usize, end: usize) -> Block {
    Block {
        own_first: of_block(first),
        own_end: of_block(end),
        own_base: of_block(own.base),
        own_from: of_block(own.from),
        first_row_sum: of_block(first),
        width: of_block(own.width),
        ..Block::default()
    }
}
