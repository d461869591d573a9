//! How rows are walked against all others, tile by tile: statistics in chunks of tiles, derivatives in blocks of bounded size.
//!
//! Each gradient has a pass of its own, in which its rows are the own side: a block of slopes, their products with the others'
//! rows, and when all blocks are through, the rows' gradients. Sums go on from block to block in the order of the others, so
//! that their bits do not depend on where blocks begin.

use super::{Joint, Piece, Plan, Request, Stage, TALLY_BYTES, WORKSPACE_HEAD, Wanted, narrow, totals};
use crate::check::Divisor;
use crate::error::{Error, Result};
use crate::gpu::params::Block;
use crate::term::Scale;

/// The rows of a tile, on either side.
pub(super) const TILE: usize = 64;

/// The iterations of a walk over tiles, beyond which rows are cut into more chunks; and the widest row of one tile.
const STEPS: usize = 8192;
pub(super) const WIDEST: usize = STEPS / 4 * 16;

/// As many workgroups as keep a GPU busy, where there are so many tiles.
pub(super) const WORKGROUPS: usize = 1024;

/// The slopes that are held at a time, and the bytes of states of chunks: less where the workspace bound asks for it.
pub(super) const SLOPES: usize = 1 << 23;
const STATES: usize = 1 << 24;

/// The most dispatches of a plan, which are recorded one by one.
const MOST_DISPATCHES: u64 = 1 << 14;

/// What a job holds beside a plan's scratch memory, at most.
pub(super) const BESIDE: u64 = 4096;

/// Rows of one operand, the place of the first of them among those of all operands, and its place in the batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side {
    pub operand: &'static str,
    pub rows: usize,
    pub base: usize,
    pub from: usize,
}

/// One side against others, each with what holds of this pair of sides alone.
#[derive(Clone, Debug)]
pub(super) struct Against {
    pub own: Side,
    pub others: Vec<(Side, Vec<(String, f64)>)>,
}

/// What a family adds to the walk: files, and choices of arithmetic.
pub(super) struct Scores {
    /// What products are multiplied by.
    pub scale: Joint,
    /// What the score of a pair is.
    pub pairs: Joint,
    /// What a row's state makes of a score.
    pub absorb: Joint,
    /// What the derivative of the loss with respect to a score is.
    pub slope: Joint,
    pub overrides: Vec<(String, f64)>,
}

/// A gradient that a pass over an own side ends in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ending {
    /// Of the own rows.
    Rows,
    /// Of a number for each row that is added to its scores.
    Sums,
    /// Of the number that scores are multiplied by, or that is added to them.
    Number { added: bool },
}

/// A walk over tiles.
pub(super) struct Tiles<'a> {
    pub request: &'a Request<'a>,
    pub width: usize,
    pub scores: Scores,
    blocks: Blocks,
}

/// How large blocks are.
#[derive(Clone, Copy, Debug)]
struct Blocks {
    /// The rows of a block, and the others it has them against.
    own: usize,
    others: usize,
    /// The bytes of states of chunks.
    states: usize,
}

impl Blocks {
    /// The blocks of rows of this width, halved a few times.
    fn of(width: usize, halved: u32) -> Blocks {
        // enough columns of rows and rows that their products keep a GPU busy
        let own = ((1 << 20) / width.max(1)).next_power_of_two().clamp(1024, 8192);
        let others = SLOPES / own;
        Blocks {
            own: (own >> (halved / 2)).max(TILE),
            others: (others >> halved.div_ceil(2)).max(TILE),
            states: STATES >> halved,
        }
    }

    /// How many rows the states of chunks are held for.
    fn rows_of_states(&self, own: usize, chunks: usize) -> usize {
        (self.states / (20 * chunks.max(1)) / TILE * TILE).clamp(TILE, own.next_multiple_of(TILE).max(TILE)).min(own)
    }
}

/// The tiles of a chunk, and the chunks of each of the others: by shapes alone.
fn chunks(against: &Against, width: usize) -> (usize, Vec<usize>) {
    let tiles = |rows: usize| rows.div_ceil(TILE);
    let all: usize = against.others.iter().map(|(other, _)| tiles(other.rows)).sum();
    let most = (STEPS / (width.div_ceil(16) * 4).max(1)).max(1);
    let most = (tiles(against.own.rows) * all / WORKGROUPS).clamp(1, most);
    // chunks of one length, as far as the first of the others goes
    let first = against.others.first().map_or(1, |(other, _)| tiles(other.rows).max(1));
    let chunk = first.div_ceil(first.div_ceil(most));
    (chunk, against.others.iter().map(|(other, _)| tiles(other.rows).div_ceil(chunk)).collect())
}

impl<'a> Tiles<'a> {
    /// The walk of these statistics and passes, in blocks that fit the workspace bound; holds all scratch memory.
    pub fn new(
        request: &'a Request<'a>,
        plan: &mut Plan,
        width: usize,
        scores: Scores,
        statistics: &[Against],
        passes: &[Against],
    ) -> Result<Tiles<'a>> {
        if width > WIDEST {
            let (needed, limit) = (width as u64, WIDEST as u64);
            return Err(Error::TooLarge { what: "elements of a row".into(), needed, limit });
        }
        let held: u64 = plan.scratch.iter().map(|(_, bytes)| *bytes).sum();
        let tallies = statistics.first().map_or(0, |against| against.own.rows.div_ceil(256)) as u64;
        let held = held + WORKSPACE_HEAD + TALLY_BYTES * tallies + BESIDE;
        let mut halved = 0;
        let blocks = loop {
            let blocks = Blocks::of(width, halved);
            let scratch = scratch(width, blocks, statistics, passes);
            let needed = held + scratch.iter().map(|(_, elements, bytes)| elements * bytes).sum::<u64>();
            if needed <= request.workspace_bound {
                break blocks;
            }
            if halved > 24 {
                let limit = request.workspace_bound;
                return Err(Error::TooLarge { what: "bytes of workspace".into(), needed, limit });
            }
            halved += 1;
        };
        for (name, elements, _) in scratch(width, blocks, statistics, passes) {
            match name {
                "chunk_states" => plan.hold_states("fold/softmax", elements),
                name => plan.hold(name, elements),
            }
        }
        let pass = |against: &Against| {
            let others: usize = against.others.iter().map(|(other, _)| other.rows.div_ceil(blocks.others).max(1)).sum();
            (against.own.rows.div_ceil(blocks.own) * (3 * others + 1)) as u64
        };
        let dispatches = passes.iter().map(pass).sum();
        if dispatches > MOST_DISPATCHES {
            let (needed, limit) = (dispatches, MOST_DISPATCHES);
            return Err(Error::TooLarge { what: "dispatches of all blocks".into(), needed, limit });
        }
        Ok(Tiles { request, width, scores, blocks })
    }

    fn joint(&self, operands: &[&str], files: &[&Joint], last: &[&str]) -> Joint {
        let mut joint = Joint::new(&["lib/params", "lib/math", "dtype/float"]);
        joint.files(operands);
        for files in files {
            joint.sources.extend(&files.sources);
        }
        joint.files(last);
        joint
    }

    /// What each row of a side is multiplied by.
    pub fn factors(&self, plan: &mut Plan, side: Side) {
        factors(plan, side, self.width, self.scores.overrides.clone());
    }

    /// The states of a side's rows, over all that they are scored against.
    pub fn statistics(&self, plan: &mut Plan, against: &Against) {
        let own = against.own;
        let (chunk, chunks) = chunks(against, self.width);
        let all: usize = chunks.iter().sum();
        plan.longest_loop = plan.longest_loop.max((chunk * self.width.div_ceil(16) * 4) as u64).max(all as u64);
        let Scores { scale, pairs, absorb, .. } = &self.scores;
        let gather = self.joint(
            &["lib/label", "operand/x0", "operand/x1", "operand/factors", "operand/states"],
            &[scale, pairs, absorb],
            &["geometry/row_elements", "geometry/rows", "geometry/tiles", "geometry/tiles_gather"],
        );
        let gathers: Vec<Stage> = against
            .others
            .iter()
            .map(|(other, overrides)| {
                let overrides = [&self.scores.overrides[..], overrides].concat();
                let stage = gather.clone().stage("tiles_gather", overrides, 0);
                stage.reading(&[("x0", own.operand), ("x1", other.operand)])
            })
            .collect();
        let merge = ["fold/softmax", "operand/states", "operand/whole_states"];
        let merge = self.joint(&merge, &[], &["geometry/tiles_merge"]).stage("tiles_merge", Vec::new(), 0);
        let step = self.blocks.rows_of_states(own.rows, all);
        for first in (0..own.rows).step_by(step.max(1)) {
            let end = (first + step).min(own.rows);
            let mut block = block(own, first, end);
            (block.chunk, block.chunks) = (narrow(chunk as u64), narrow(all as u64));
            block.steps = narrow(self.width.div_ceil(16) as u64);
            for ((gather, (other, _)), chunks) in gathers.iter().zip(&against.others).zip(&chunks) {
                block.other_end = narrow(other.rows as u64);
                (block.other_base, block.other_from) = (narrow(other.base as u64), narrow(other.from as u64));
                if *chunks > 0 {
                    plan.stages.push(gather.over(block, ((end - first).div_ceil(TILE) * chunks) as u64));
                }
                block.first_chunk += narrow(*chunks as u64);
            }
            plan.stages.push(merge.over(block, (end - first).div_ceil(256) as u64));
        }
    }

    /// Upstream over denominator, where only the GPU knows it: the tallies of the losses are there already.
    pub fn scale(&self, plan: &mut Plan) {
        let counted = matches!(self.request.checked.divisor, Divisor::Weights | Divisor::Count | Divisor::Tensor);
        let given = matches!(self.request.part.upstream, Scale::Tensor(_));
        if !self.request.unreduced() && (counted || given) {
            plan.params.count_tallies = plan.params.tallies;
            plan.stages.push(totals(self.request, Piece::Only, "geometry/totals_scale", "totals_scale"));
        }
    }

    /// A pass over a side's rows, block by block, that ends in these gradients.
    pub fn pass(&self, plan: &mut Plan, against: &Against, endings: &[(Ending, Wanted)]) {
        let own = against.own;
        let steps = self.width.max(self.blocks.others).div_ceil(16) * 4;
        plan.longest_loop = plan.longest_loop.max(steps as u64).max(own.rows.div_ceil(1024) as u64);
        let with_rows = self.width > 0 && endings.iter().any(|(ending, _)| *ending == Ending::Rows);
        let stages: Vec<[Stage; 3]> = against.others.iter().map(|other| self.block_stages(own, other)).collect();
        let ends: Vec<(Ending, Stage)> = endings.iter().map(|(kind, to)| (*kind, self.end(own, *kind, to))).collect();
        for first in (0..own.rows).step_by(self.blocks.own) {
            let end = (first + self.blocks.own).min(own.rows);
            let tiles = (end - first).div_ceil(TILE);
            let mut block = Block { fresh: 1, ..block(own, first, end) };
            for ((other, _), [slopes, pull, product]) in against.others.iter().zip(&stages) {
                (block.other_base, block.other_from) = (narrow(other.base as u64), narrow(other.from as u64));
                // others that are none leave sums of nothing
                for other_first in (0..other.rows.max(1)).step_by(self.blocks.others) {
                    let other_end = (other_first + self.blocks.others).min(other.rows);
                    (block.other_first, block.other_end) = (narrow(other_first as u64), narrow(other_end as u64));
                    let across = (other_end - other_first).div_ceil(TILE);
                    if across > 0 {
                        block.steps = narrow(self.width.div_ceil(16) as u64);
                        plan.stages.push(slopes.over(block, (tiles * across) as u64));
                    }
                    plan.stages.push(pull.over(block, (end - first).div_ceil(256) as u64));
                    if with_rows {
                        block.steps = narrow((other_end - other_first).div_ceil(16) as u64);
                        plan.stages.push(product.over(block, (tiles * self.width.div_ceil(TILE)) as u64));
                    }
                    block.fresh = 0;
                }
            }
            for (kind, stage) in &ends {
                let elements = match kind {
                    Ending::Rows => (end - first) * self.width,
                    Ending::Sums => end - first,
                    Ending::Number { .. } => 0,
                };
                if elements > 0 {
                    plan.stages.push(stage.over(block, elements.div_ceil(256) as u64));
                }
            }
        }
        for (_, stage) in ends.iter().filter(|(kind, _)| matches!(kind, Ending::Number { .. })) {
            plan.stages.push(stage.over(block(own, 0, own.rows), 1));
        }
    }

    /// What is dispatched for each block: the slopes, the sums of their rows, the products with the others' rows.
    fn block_stages(&self, own: Side, (other, overrides): &(Side, Vec<(String, f64)>)) -> [Stage; 3] {
        let Scores { scale, pairs, slope, .. } = &self.scores;
        let slopes = self.joint(
            &["lib/label", "operand/x0", "operand/x1", "operand/factors", "operand/slopes", "operand/slope_sums"],
            &[scale, pairs, slope],
            &["geometry/row_elements", "geometry/rows", "geometry/tiles", "geometry/tiles_slopes"],
        );
        let slopes = slopes.stage("tiles_slopes", [&self.scores.overrides[..], overrides].concat(), 0);
        let pull = self.joint(&["operand/slope_sums", "operand/pulls"], &[], &["geometry/tiles_pull"]);
        let product = self.joint(
            &["operand/x1", "operand/factors", "operand/slopes", "operand/products"],
            &[],
            &["geometry/slopes_rows", "geometry/tiles", "geometry/tiles_product"],
        );
        // the others' elements lie next to each other where the rows of this product are their columns
        let product = product.stage("tiles_product", vec![("OTHER_ACROSS".into(), 1.0)], 0);
        [
            slopes.reading(&[("x0", own.operand), ("x1", other.operand)]),
            pull.stage("tiles_pull", Vec::new(), 0),
            product.reading(&[("x1", other.operand)]),
        ]
    }

    /// The kernel that stores a gradient.
    fn end(&self, own: Side, ending: Ending, wanted: &Wanted) -> Stage {
        let mut overrides = self.scores.overrides.clone();
        overrides.push(("DX0_ADD".into(), f64::from(u8::from(wanted.add))));
        let stage = match ending {
            Ending::Rows => {
                let operands = ["operand/x0", "operand/factors", "operand/pulls", "operand/products", "operand/dx0"];
                let finish = self.joint(&operands, &[&self.scores.scale], &["geometry/tiles_finish"]);
                finish.stage("tiles_finish", overrides, 0).reading(&[("x0", own.operand)])
            }
            Ending::Sums => {
                let sums = self.joint(&["operand/pulls", "operand/dx0"], &[], &["geometry/tiles_sums"]);
                sums.stage("tiles_sums", overrides, 0)
            }
            Ending::Number { added } => {
                overrides.push(("ADDED".into(), f64::from(u8::from(added))));
                let number = self.joint(&["operand/pulls", "operand/dx0"], &[], &["geometry/tiles_number"]);
                number.stage("tiles_number", overrides, 0)
            }
        };
        stage.writing(vec![("dx0".into(), wanted.output)])
    }
}

/// The gradients that a pass over the own side ends in; one whose output has been written is added to it.
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

/// What each row of a side is multiplied by.
pub(super) fn factors(plan: &mut Plan, side: Side, width: usize, mut overrides: Vec<(String, f64)>) {
    if side.rows == 0 {
        return;
    }
    let lanes = if width <= 4096 { 16 } else { 256 };
    plan.longest_loop = plan.longest_loop.max(width.div_ceil(lanes) as u64);
    overrides.push(("LANES".into(), lanes as f64));
    let mut joint = Joint::new(&["lib/params", "lib/math", "dtype/float", "operand/x0", "operand/factors"]);
    joint.files(&["geometry/row_elements", "geometry/rows_factors"]);
    let stage = joint.stage("rows_factors", overrides, 0).reading(&[("x0", side.operand)]);
    plan.stages.push(stage.over(block(side, 0, side.rows), side.rows.div_ceil(256 / lanes) as u64));
}

fn block(own: Side, first: usize, end: usize) -> Block {
    Block {
        own_first: narrow(first as u64),
        own_end: narrow(end as u64),
        own_base: narrow(own.base as u64),
        own_from: narrow(own.from as u64),
        ..Block::default()
    }
}

/// The scratch memory that blocks take: name, elements, and the bytes of one.
fn scratch(width: usize, blocks: Blocks, statistics: &[Against], passes: &[Against]) -> Vec<(&'static str, u64, u64)> {
    let most = |of: &[Against], elements: &dyn Fn(&Against) -> usize| of.iter().map(elements).max().unwrap_or(0) as u64;
    let states = |against: &Against| {
        let all: usize = chunks(against, width).1.iter().sum();
        blocks.rows_of_states(against.own.rows, all) * all
    };
    let own = |against: &Against| against.own.rows.min(blocks.own);
    let others = |against: &Against| {
        let rows = against.others.iter().map(|(other, _)| other.rows).max().unwrap_or(0);
        rows.min(blocks.others)
    };
    vec![
        ("chunk_states", most(statistics, &states), 20),
        ("slopes", most(passes, &|against| own(against) * others(against)), 4),
        ("slope_sums", most(passes, &|against| own(against) * others(against).div_ceil(TILE)), 8),
        ("pulls", most(passes, &|against| against.own.rows), 8),
        ("products", most(passes, &|against| own(against) * width), 4),
    ]
}
