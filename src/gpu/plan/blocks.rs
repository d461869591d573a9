//! The sizes of the blocks of a walk over tiles, as large as the workspace bound allows, and the scratch memory that the
//! blocks need.

use super::sides::{Against, Pass, Side, Statistics, TILE};

/// The most loop iterations of a workgroup that goes through a chunk of tiles.
const STEPS: usize = 10_240 + 24;
/// The widest row: one tile of its products takes all of `STEPS`.
pub(super) const WIDEST: usize = 32_768;

/// The most chunks of a row, because one invocation merges them one after another.
pub(super) const MOST_MERGED: usize = STEPS;
/// About the most chunks of a row, unless chunks would get too long.
const MERGED: usize = 8192;

/// The workgroups that keep a GPU busy.
pub(super) const WORKGROUPS: usize = 1024;

/// How many slopes are held at a time, unless the workspace bound allows fewer.
pub(super) const SLOPES: usize = 1 << 23;
/// The bytes of chunk states that are held at a time, unless the workspace bound allows fewer.
const STATES: usize = 1 << 24;

/// The most multiply-adds of a dispatch: some 50 milliseconds of a small GPU.
pub(super) const MULTIPLIED: u64 = 1 << 35;

/// The fewest others of a block that has room for all own rows.
const FEWEST_OTHERS: usize = 512;

/// The loop iterations of a tile: its products over `elements` elements, and what is done with them.
pub(super) fn iterations(elements: usize) -> usize {
    5 * elements.div_ceil(16) + 24
}

/// The sizes of blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blocks {
    /// The most own rows and the most others of a block.
    pub own: usize,
    pub others: usize,
    /// The bytes of chunk states that are held at a time.
    states: usize,
    /// The bytes of a state.
    state: u64,
    /// Whether the others' gradients come from the same slopes. Then one block has all own rows.
    pub shared: bool,
    /// The rows that a binding has room for.
    pub room: usize,
}

impl Blocks {
    /// Sizes of blocks for `rows` own rows of this width, from the largest to ever smaller ones. A binding has room for
    /// `room` rows, so neither side of a block has more. The state of a row has `state` bytes.
    pub fn ever_smaller(
        width: usize,
        rows: usize,
        room: usize,
        shares: bool,
        state: u64,
    ) -> impl Iterator<Item = Blocks> {
        let all = rows.next_multiple_of(TILE);
        let room = (room / TILE * TILE).max(TILE);
        let slopes = fitting(MULTIPLIED / width.max(1) as u64).min(SLOPES);
        let most = slopes / all.max(TILE) / TILE * TILE;
        let shared = (0..8).map(move |halved| Blocks {
            own: all,
            others: (most >> halved).min(WIDEST).min(room) / TILE * TILE,
            states: STATES >> halved,
            state,
            shared: true,
            room,
        });
        let shared = shared.take_while(move |blocks| shares && all <= room && blocks.others >= FEWEST_OTHERS);
        // enough own rows that the products of slopes with rows, own × width numbers, keep a GPU busy
        let own = ((1 << 20) / width.max(1)).next_power_of_two().clamp(1024, 8192);
        let apart = (0..25).map(move |halved: u32| Blocks {
            own: (own >> (halved / 2)).clamp(TILE, room),
            others: (((slopes / own) >> halved.div_ceil(2)) / TILE * TILE).clamp(TILE, room),
            states: STATES >> halved,
            state,
            shared: false,
            room,
        });
        shared.chain(apart)
    }

    /// Whether one block has room for all own rows and all others.
    pub fn hold(&self, against: &Against) -> bool {
        let [(other, _)] = &against.others[..] else { return false };
        against.own.rows <= self.own && other.rows <= self.others
    }

    /// How many rows have their statistics computed at a time, so that the states of their chunks fit in memory.
    pub fn rows_at_once(&self, against: &Against, width: usize, chunks: usize) -> usize {
        let held = (self.states / (self.state as usize * chunks.max(1)) / TILE * TILE).max(TILE);
        held.min(quick(against, width)).min(self.room).min(against.own.rows)
    }
}

/// How many rows can be multiplied with all others in one dispatch.
fn quick(against: &Against, width: usize) -> usize {
    let others: u64 = against.others.iter().map(|(other, _)| other.rows as u64).sum();
    (fitting(MULTIPLIED / (others * width as u64).max(1)) / TILE * TILE).max(TILE)
}

/// A number, or the largest `usize` if it is larger.
fn fitting(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// How many tiles a chunk has, and how many chunks each of the other sides has. Both follow from shapes alone unless a
/// binding has no room for a chunk. The longest chunks have some 8 MiB.
pub(super) fn chunks(against: &Against, width: usize, room: usize) -> (usize, Vec<usize>) {
    let tiles = |rows: usize| rows.div_ceil(TILE);
    let all: usize = against.others.iter().map(|(other, _)| tiles(other.rows)).sum();
    let longest = (STEPS / iterations(width)).min(room / TILE).max(1);
    let own = against.own.rows.min(quick(against, width));
    let most = fitting(tiles(own) as u64 * all as u64 / WORKGROUPS as u64).clamp(1, longest);
    // the chunks of the first of the other sides get equal lengths
    let first = against.others.first().map_or(1, |(other, _)| tiles(other.rows).max(1));
    let chunk = first.div_ceil(first.div_ceil(most));
    // if the first side has few rows and the rest have many, there would be too many such chunks to merge
    let chunk = chunk.max(all.div_ceil(MERGED).min(longest));
    (chunk, against.others.iter().map(|(other, _)| tiles(other.rows).div_ceil(chunk)).collect())
}

/// Whether the others' passes can use the slopes of the first pass. They cannot if the first pass has no own rows, and so no
/// slopes, or if two passes add to one output, since they have to do so one after the other.
pub(super) fn shares(passes: &[Pass]) -> bool {
    let [first, others @ ..] = passes else { return false };
    let has = |side: &Side| first.against.others.iter().any(|(other, _)| other.base == side.base);
    let outputs: Vec<usize> = passes.iter().flat_map(|pass| &pass.endings).map(|(_, to)| to.output).collect();
    let apart = outputs.iter().enumerate().all(|(place, output)| !outputs[..place].contains(output));
    first.against.own.rows > 0 && apart && !others.is_empty() && others.iter().all(|pass| has(&pass.against.own))
}

/// The scratch memories that blocks need: for each its name, how many elements it has, and the bytes of an element.
pub(super) fn scratch(
    width: usize,
    blocks: Blocks,
    statistics: &Statistics,
    passes: &[Pass],
) -> Vec<(&'static str, u64, u64)> {
    let (tile, width_in_quads) = (TILE as u64, width.div_ceil(4) as u64);
    // the arguments of `elements`: all own rows, the own rows of a block, and the others of a block
    let of_block = |against: &Against, elements: &dyn Fn(u64, u64, u64) -> u64| {
        let others = against.others.iter().map(|(other, _)| other.rows).max().unwrap_or(0);
        let (own, others) = (against.own.rows.min(blocks.own), others.min(blocks.others));
        elements(against.own.rows as u64, own as u64, others as u64)
    };
    // the most elements of any pass
    let most = |elements: &dyn Fn(u64, u64, u64) -> u64| {
        let passes = passes.iter().take(if blocks.shared { 1 } else { passes.len() });
        passes.map(|pass| of_block(&pass.against, elements)).max().unwrap_or(0)
    };
    let pitch = |_, own: u64, others: u64| own * others.div_ceil(tile) * (tile / 4);
    let states = match statistics {
        Statistics::Tiles(all) => {
            let of = |against: &Against| {
                let all: usize = chunks(against, width, blocks.room).1.iter().sum();
                blocks.rows_at_once(against, width, all) as u64 * all as u64
            };
            all.iter().map(of).max().unwrap_or(0)
        }
        Statistics::Logits(logits) => of_block(&logits.against(), &|_, own, others| own * others.div_ceil(tile)),
    };
    // slopes replace the student's logits in the same memory, which holds the student's logits for the statistics too
    let logits = statistics.logits().map_or(0, |logits| most(&pitch).max(of_block(&logits.against(), &pitch)));
    // the others need room after the own rows only if they share slopes
    let beside = |others: u64| if blocks.shared { others } else { 0 };
    vec![
        ("chunk_states", states, blocks.state),
        ("slopes", most(&pitch).max(logits), 16),
        ("teacher_logits", logits, 16),
        ("slope_sums", most(&|_, own, others| own * others.div_ceil(tile) + beside(others) * own.div_ceil(tile)), 8),
        ("row_sums", most(&|all, _, others| all + beside(others)), 8),
        ("products", most(&|_, own, others| (own + beside(others)) * width_in_quads), 16),
    ]
}

/// An upper bound of a walk's dispatches, for its statistics and its passes.
pub(super) fn dispatches(width: usize, blocks: &Blocks, statistics: &Statistics, passes: &[Pass]) -> u64 {
    let of = |other: &Side| other.rows.div_ceil(blocks.others).max(1) as u64;
    let of_tiles = |against: &Against| {
        let all: usize = chunks(against, width, blocks.room).1.iter().sum();
        let step = blocks.rows_at_once(against, width, all).max(1);
        // for each of the others a gather, in as many dispatches as bindings need, and one merge
        let gathers: usize =
            against.others.iter().map(|(other, _)| other.rows.div_ceil(blocks.room.max(1)).max(1) * 2).sum();
        (against.own.rows.div_ceil(step) * (gathers + 1)) as u64
    };
    let of_statistics = match statistics {
        Statistics::Tiles(all) => all.iter().map(of_tiles).sum::<u64>(),
        // two kernels compute the logits of each block, and two fold them; twice that if classes are compared
        Statistics::Logits(logits) => {
            let walks = 1 + u64::from(logits.compares);
            4 * walks * logits.rows.rows.div_ceil(blocks.own) as u64 * of(&logits.classes)
        }
    };
    let making = if statistics.logits().is_some() { 2 } else { 0 };
    // if slopes are shared, the others' products and gradients come with each block of the first pass
    let (run, turned) = passes.split_at(if blocks.shared { 1.min(passes.len()) } else { passes.len() });
    let of_turned: usize = turned.iter().map(|pass| 2 + pass.endings.len()).sum();
    let of_passes = run.iter().map(|Pass { against, endings }| {
        let others: u64 = against.others.iter().map(|(other, _)| of(other)).sum();
        // logits that lie in memory, slopes, their sums, their products with rows, and the dispatches for the others
        let of_blocks = others * (making + 3 + of_turned as u64) + endings.len() as u64;
        against.own.rows.div_ceil(blocks.own) as u64 * of_blocks + endings.len() as u64
    });
    of_statistics + of_passes.sum::<u64>()
}
