//! How large the blocks of a walk over tiles are, and what they hold: as much as the workspace bound allows.

use super::scratch::state_bytes;
use super::sides::{Against, Pass, Side, TILE};

/// The iterations of a walk over tiles, beyond which rows are cut into more chunks; and the widest row of one tile.
const STEPS: usize = 10_240 + 24;
pub(super) const WIDEST: usize = 32_768;

/// The chunks of a row that an invocation merges one after the other: as many as there may be, and as many as are aimed at.
pub(super) const MOST_MERGED: usize = STEPS;
const MERGED: usize = 8192;

/// As many workgroups as keep a GPU busy, where there are so many tiles.
pub(super) const WORKGROUPS: usize = 1024;

/// The slopes that are held at a time, and the bytes of states of chunks: less where the workspace bound asks for it.
pub(super) const SLOPES: usize = 1 << 23;
const STATES: usize = 1 << 24;

/// The multiply-adds of a dispatch, beyond which it goes on in another: some 50 milliseconds of a small GPU.
pub(super) const MULTIPLIED: u64 = 1 << 35;

/// The fewest others that a block has, where it has room for all own rows.
const FEWEST_OTHERS: usize = 512;

/// The iterations of a tile's products over so many elements, and of what is made of them.
pub(super) fn iterations(elements: usize) -> usize {
    5 * elements.div_ceil(16) + 24
}

/// How large blocks are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blocks {
    /// The rows of a block, and the others it has them against.
    pub own: usize,
    pub others: usize,
    /// The bytes of states of chunks.
    states: usize,
    /// Whether the others' gradients come of the same slopes: all own rows are in one block.
    pub shared: bool,
    /// The rows that a binding has room for.
    pub room: usize,
}

impl Blocks {
    /// Blocks of so many own rows of this width, from the largest to ever smaller ones; no side of a block is longer than a
    /// binding, which has room for so many rows.
    pub fn ever_smaller(width: usize, rows: usize, room: usize, shares: bool) -> impl Iterator<Item = Blocks> {
        let all = rows.next_multiple_of(TILE);
        let room = (room / TILE * TILE).max(TILE);
        let slopes = fitting(MULTIPLIED / width.max(1) as u64).min(SLOPES);
        let most = slopes / all.max(TILE) / TILE * TILE;
        let shared = (0..8).map(move |halved| Blocks {
            own: all,
            others: (most >> halved).min(WIDEST).min(room) / TILE * TILE,
            states: STATES >> halved,
            shared: true,
            room,
        });
        let shared = shared.take_while(move |blocks| shares && all <= room && blocks.others >= FEWEST_OTHERS);
        // enough columns of rows and rows that their products keep a GPU busy
        let own = ((1 << 20) / width.max(1)).next_power_of_two().clamp(1024, 8192);
        let apart = (0..25).map(move |halved: u32| Blocks {
            own: (own >> (halved / 2)).clamp(TILE, room),
            others: ((slopes / own) >> halved.div_ceil(2)).clamp(TILE, room),
            states: STATES >> halved,
            shared: false,
            room,
        });
        shared.chain(apart)
    }

    /// Whether a block has room for all rows and others.
    pub fn hold(&self, against: &Against) -> bool {
        let [(other, _)] = &against.others[..] else { return false };
        against.own.rows <= self.own && other.rows <= self.others
    }

    /// How many rows have their statistics at a time, against so many others in so many chunks: those whose chunks' states
    /// are held.
    pub fn rows_at_once(&self, against: &Against, width: usize, chunks: usize) -> usize {
        let held = (self.states / (state_bytes("fold/softmax") as usize * chunks.max(1)) / TILE * TILE).max(TILE);
        held.min(quick(against, width)).min(self.room).min(against.own.rows)
    }
}

/// The rows whose products with all others take no longer than a dispatch should.
fn quick(against: &Against, width: usize) -> usize {
    let others: u64 = against.others.iter().map(|(other, _)| other.rows as u64).sum();
    (fitting(MULTIPLIED / (others * width as u64).max(1)) / TILE * TILE).max(TILE)
}

/// As much of a number as a `usize` holds.
fn fitting(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The tiles of a chunk, and the chunks of each of the others: by shapes alone, as long as a binding has room for a chunk, the
/// longest of which have some 8 MiB.
pub(super) fn chunks(against: &Against, width: usize, room: usize) -> (usize, Vec<usize>) {
    let tiles = |rows: usize| rows.div_ceil(TILE);
    let all: usize = against.others.iter().map(|(other, _)| tiles(other.rows)).sum();
    let longest = (STEPS / iterations(width)).min(room / TILE).max(1);
    let own = against.own.rows.min(quick(against, width));
    let most = fitting(tiles(own) as u64 * all as u64 / WORKGROUPS as u64).clamp(1, longest);
    // chunks of one length, as far as the first of the others goes
    let first = against.others.first().map_or(1, |(other, _)| tiles(other.rows).max(1));
    let chunk = first.div_ceil(first.div_ceil(most));
    // where the first are few and the rest are many, such chunks would be too many to merge
    let chunk = chunk.max(all.div_ceil(MERGED).min(longest));
    (chunk, against.others.iter().map(|(other, _)| tiles(other.rows).div_ceil(chunk)).collect())
}

/// Whether the others' passes have the slopes of the first: without rows there are none to have, and an output that two passes
/// add to takes them one after the other.
pub(super) fn shares(passes: &[Pass]) -> bool {
    let [first, others @ ..] = passes else { return false };
    let has = |side: &Side| first.against.others.iter().any(|(other, _)| other.base == side.base);
    let outputs: Vec<usize> = passes.iter().flat_map(|pass| &pass.endings).map(|(_, to)| to.output).collect();
    let apart = outputs.iter().enumerate().all(|(place, output)| !outputs[..place].contains(output));
    first.against.own.rows > 0 && apart && !others.is_empty() && others.iter().all(|pass| has(&pass.against.own))
}

/// The scratch memory that blocks take: name, elements, and the bytes of one.
pub(super) fn scratch(
    width: usize,
    blocks: Blocks,
    statistics: &[Against],
    passes: &[Pass],
) -> Vec<(&'static str, u64, u64)> {
    let states = |against: &Against| {
        let all: usize = chunks(against, width, blocks.room).1.iter().sum();
        blocks.rows_at_once(against, width, all) as u64 * all as u64
    };
    // of a pass its own rows, those of a block, the others of a block
    let most = |elements: &dyn Fn(u64, u64, u64) -> u64| {
        let passes = passes.iter().take(if blocks.shared { 1 } else { passes.len() });
        let elements = passes.map(|Pass { against, .. }| {
            let others = against.others.iter().map(|(other, _)| other.rows).max().unwrap_or(0);
            let (own, others) = (against.own.rows.min(blocks.own), others.min(blocks.others));
            elements(against.own.rows as u64, own as u64, others as u64)
        });
        elements.max().unwrap_or(0)
    };
    // what others have beside the own rows
    let beside = |others: u64| if blocks.shared { others } else { 0 };
    let (tile, width_in_fours) = (TILE as u64, width.div_ceil(4) as u64);
    vec![
        ("chunk_states", statistics.iter().map(states).max().unwrap_or(0), state_bytes("fold/softmax")),
        ("slopes", most(&|_, own, others| own * others.div_ceil(tile) * (tile / 4)), 16),
        ("slope_sums", most(&|_, own, others| own * others.div_ceil(tile) + beside(others) * own.div_ceil(tile)), 8),
        ("pulls", most(&|all, _, others| all + beside(others)), 8),
        ("products", most(&|_, own, others| (own + beside(others)) * width_in_fours), 16),
    ]
}

/// The dispatches of a walk, or a few more: of its statistics, and of its passes block by block.
pub(super) fn dispatches(width: usize, blocks: &Blocks, statistics: &[Against], passes: &[Pass]) -> u64 {
    let of_statistics = statistics.iter().map(|against| {
        let all: usize = chunks(against, width, blocks.room).1.iter().sum();
        let step = blocks.rows_at_once(against, width, all).max(1);
        // a gather of each of the others, in as many pieces as bindings take, and what merges them
        let gathers: usize =
            against.others.iter().map(|(other, _)| other.rows.div_ceil(blocks.room.max(1)).max(1) * 2).sum();
        (against.own.rows.div_ceil(step) * (gathers + 1)) as u64
    });
    // where slopes are shared, the others' passes are no passes of their own: their products and ends come with each block
    let (run, turned) = passes.split_at(if blocks.shared { 1.min(passes.len()) } else { passes.len() });
    let of_turned: usize = turned.iter().map(|pass| 2 + pass.endings.len()).sum();
    let of_passes = run.iter().map(|Pass { against, endings }| {
        let of = |other: &Side| other.rows.div_ceil(blocks.others).max(1) as u64;
        let others: u64 = against.others.iter().map(|(other, _)| of(other)).sum();
        // slopes, their sums, their products with rows, and what the turned side makes of them
        let of_blocks = others * (3 + of_turned as u64) + endings.len() as u64;
        against.own.rows.div_ceil(blocks.own) as u64 * of_blocks + endings.len() as u64
    });
    of_statistics.chain(of_passes).sum()
}
