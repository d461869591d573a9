//! How rows are walked against all others, tile by tile: statistics in chunks of tiles, derivatives in blocks of bounded size.
//!
//! A pass over an own side goes block by block: slopes, their products with the others' rows, and when all blocks are through,
//! the rows' gradients. Where a block has room for all own rows, the others' gradients are products of the same slopes; else
//! each side has a pass of its own, in which its slopes are made again. Sums go on from block to block in the order of the
//! others, so that their bits do not depend on where blocks begin, nor on whose pass it is.

use super::{Joint, Piece, Plan, Request, Stage, TALLY_BYTES, WORKSPACE_HEAD, Wanted, narrow, totals};
use crate::check::Divisor;
use crate::error::{Error, Result};
use crate::gpu::params::Block;
use crate::term::Scale;

/// The rows of a tile, on either side.
pub(super) const TILE: usize = 64;

/// The iterations of a walk over tiles, beyond which rows are cut into more chunks; and the widest row of one tile.
const STEPS: usize = 8192 + 24;
pub(super) const WIDEST: usize = 8192 / 4 * 16;

/// As many workgroups as keep a GPU busy, where there are so many tiles.
pub(super) const WORKGROUPS: usize = 1024;

/// The slopes that are held at a time, and the bytes of states of chunks: less where the workspace bound asks for it.
pub(super) const SLOPES: usize = 1 << 23;
const STATES: usize = 1 << 24;

/// The most dispatches of a plan, which are recorded one by one.
const MOST_DISPATCHES: u64 = 1 << 14;

/// What a job holds beside a plan's scratch memory, at most.
pub(super) const BESIDE: u64 = 4096;

/// The fewest others that a block has, where it has room for all own rows.
const FEWEST_OTHERS: usize = 512;

/// The iterations of a tile's products over so many elements, and of what is made of them.
pub(super) fn iterations(elements: usize) -> usize {
    4 * elements.div_ceil(16) + 24
}

/// The file that multiplies tiles.
pub(super) fn multiplies(request: &Request<'_>) -> &'static str {
    if request.in_eights { "geometry/tiles_subgroups" } else { "geometry/tiles" }
}

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

/// A pass over an own side, and the gradients that it ends in.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    pub against: Against,
    pub endings: Vec<(Ending, Wanted)>,
}

/// What is dispatched for each block of a pass.
struct BlockStages {
    slopes: Stage,
    pull: Stage,
    product: Option<Stage>,
    /// Of the others: the products of the same slopes with own rows, and the gradients.
    turned: Option<(Option<Stage>, Vec<(Ending, Stage)>)>,
}

/// How large blocks are.
#[derive(Clone, Copy, Debug)]
struct Blocks {
    /// The rows of a block, and the others it has them against.
    own: usize,
    others: usize,
    /// The bytes of states of chunks.
    states: usize,
    /// Whether the others' gradients come of the same slopes: all own rows are in one block.
    shared: bool,
}

impl Blocks {
    /// Blocks of so many own rows of this width, from the largest to ever smaller ones.
    fn ever_smaller(width: usize, rows: usize, shares: bool) -> impl Iterator<Item = Blocks> {
        let all = rows.next_multiple_of(TILE);
        let most = SLOPES / all.max(TILE) / TILE * TILE;
        let shared = (0..8).map(move |halved| Blocks {
            own: all,
            others: (most >> halved).min(WIDEST) / TILE * TILE,
            states: STATES >> halved,
            shared: true,
        });
        let shared = shared.take_while(move |blocks| shares && blocks.others >= FEWEST_OTHERS);
        // enough columns of rows and rows that their products keep a GPU busy
        let own = ((1 << 20) / width.max(1)).next_power_of_two().clamp(1024, 8192);
        let apart = (0..25).map(move |halved: u32| Blocks {
            own: (own >> (halved / 2)).max(TILE),
            others: (SLOPES / own >> halved.div_ceil(2)).max(TILE),
            states: STATES >> halved,
            shared: false,
        });
        shared.chain(apart)
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
    let most = (STEPS / iterations(width)).max(1);
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
        passes: &[Pass],
    ) -> Result<Tiles<'a>> {
        if width > WIDEST {
            let (needed, limit) = (width as u64, WIDEST as u64);
            return Err(Error::TooLarge { what: "elements of a row".into(), needed, limit });
        }
        let held: u64 = plan.scratch.iter().map(|(_, bytes)| *bytes).sum();
        let tallies = statistics.first().map_or(0, |against| against.own.rows.div_ceil(256)) as u64;
        let held = held + WORKSPACE_HEAD + TALLY_BYTES * tallies + BESIDE;
        let needs = |blocks: &Blocks| {
            let scratch = scratch(width, *blocks, statistics, passes);
            held + scratch.iter().map(|(_, elements, bytes)| elements * bytes).sum::<u64>()
        };
        let rows = passes.first().map_or(0, |pass| pass.against.own.rows);
        let shares = shares(passes);
        let blocks = Blocks::ever_smaller(width, rows, shares).find(|blocks| needs(blocks) <= request.workspace_bound);
        let Some(blocks) = blocks else {
            let least = Blocks::ever_smaller(width, rows, false).last();
            let (needed, limit) = (least.map_or(held, |blocks| needs(&blocks)), request.workspace_bound);
            return Err(Error::TooLarge { what: "bytes of workspace".into(), needed, limit });
        };
        for (name, elements, _) in scratch(width, blocks, statistics, passes) {
            match name {
                "chunk_states" => plan.hold_states("fold/softmax", elements),
                name => plan.hold(name, elements),
            }
        }
        let dispatches = |Pass { against, .. }: &Pass| {
            let others: usize = against.others.iter().map(|(other, _)| other.rows.div_ceil(blocks.others).max(1)).sum();
            (against.own.rows.div_ceil(blocks.own) * (3 * others + 1)) as u64
        };
        let dispatches = passes.iter().map(dispatches).sum();
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

    /// A kernel that multiplies rows of x0 with rows of x1 and goes on with `files`.
    fn of_rows(&self, operands: &[&str], files: &[&Joint], last: &str) -> Joint {
        let walk = ["geometry/row_elements", "geometry/rows", "geometry/lane_products", multiplies(self.request), last];
        let first = ["lib/label", "operand/x0", "operand/x1", "operand/factors"];
        self.joint(&[&first, operands].concat(), files, &walk)
    }

    /// Whether rows are read four elements at a time.
    fn in_quads(&self) -> bool {
        self.width.is_multiple_of(4)
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
        plan.longest_loop = plan.longest_loop.max((chunk * iterations(self.width)) as u64).max(all as u64);
        let Scores { scale, pairs, absorb, .. } = &self.scores;
        let gather = self.of_rows(&["operand/states"], &[scale, pairs, absorb], "geometry/tiles_gather");
        let gathers: Vec<Stage> = against
            .others
            .iter()
            .map(|(other, overrides)| {
                let overrides = [&self.scores.overrides[..], overrides].concat();
                let stage = gather.clone().stage("tiles_gather", overrides, 0);
                stage.in_quads(self.in_quads()).reading(&[("x0", own.operand), ("x1", other.operand)])
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

    /// All passes: where slopes are shared, the first is over the own rows of all others, and ends in theirs too.
    pub fn passes(&self, plan: &mut Plan, passes: &[Pass]) {
        match passes {
            [first, others @ ..] if self.blocks.shared => self.pass(plan, first, others),
            _ => passes.iter().for_each(|pass| self.pass(plan, pass, &[])),
        }
    }

    /// A pass over a side's rows, block by block; with those of the others that have the same slopes.
    fn pass(&self, plan: &mut Plan, Pass { against, endings }: &Pass, turned: &[Pass]) {
        let own = against.own;
        let most = self.width.max(self.blocks.others).max(if turned.is_empty() { 0 } else { own.rows });
        plan.longest_loop = plan.longest_loop.max(iterations(most) as u64).max(own.rows.div_ceil(1024) as u64);
        let of = |other: &Side| turned.iter().find(|pass| pass.against.own.base == other.base);
        let stages: Vec<BlockStages> =
            against.others.iter().map(|other| self.block_stages(own, endings, other, of(&other.0))).collect();
        let ends = self.ends(own, endings);
        for first in (0..own.rows).step_by(self.blocks.own) {
            let end = (first + self.blocks.own).min(own.rows);
            let mut block = Block { fresh: 1, ..block(own, first, end) };
            for ((other, _), stages) in against.others.iter().zip(&stages) {
                (block.other_base, block.other_from) = (narrow(other.base as u64), narrow(other.from as u64));
                // others that are none leave sums of nothing
                for other_first in (0..other.rows.max(1)).step_by(self.blocks.others) {
                    let other_end = (other_first + self.blocks.others).min(other.rows);
                    (block.other_first, block.other_end) = (narrow(other_first as u64), narrow(other_end as u64));
                    let (down, across) = ((end - first).div_ceil(TILE), (other_end - other_first).div_ceil(TILE));
                    if across > 0 {
                        let block = Block { steps: narrow(self.width.div_ceil(16) as u64), ..block };
                        plan.stages.push(stages.slopes.over(block, (down * across) as u64));
                    }
                    self.sums(plan, block, &stages.pull, stages.product.as_ref());
                    if let Some((product, ends)) = &stages.turned {
                        let block = turn(block, own.rows, (end - first) * across);
                        self.sums(plan, block, &stages.pull, product.as_ref());
                        self.finish(plan, block, ends);
                    }
                    block.fresh = 0;
                }
            }
            self.finish(plan, block, &ends);
        }
        for (_, stage) in ends.iter().filter(|(kind, _)| matches!(kind, Ending::Number { .. })) {
            plan.stages.push(stage.over(block(own, 0, own.rows), 1));
        }
    }

    /// The sums over a block's others: of slopes, and of rows times these.
    fn sums(&self, plan: &mut Plan, block: Block, pull: &Stage, product: Option<&Stage>) {
        let (rows, others) = sizes(&block);
        if rows == 0 {
            return;
        }
        plan.stages.push(pull.over(block, rows.div_ceil(256) as u64));
        if let Some(product) = product {
            let block = Block { steps: narrow(others.div_ceil(16) as u64), ..block };
            plan.stages.push(product.over(block, (rows.div_ceil(TILE) * self.width.div_ceil(TILE)) as u64));
        }
    }

    /// The gradients of a block's rows.
    fn finish(&self, plan: &mut Plan, block: Block, ends: &[(Ending, Stage)]) {
        let (rows, _) = sizes(&block);
        for (kind, stage) in ends {
            let elements = match kind {
                Ending::Rows => rows * self.width,
                Ending::Sums => rows,
                Ending::Number { .. } => 0,
            };
            if elements > 0 {
                plan.stages.push(stage.over(block, elements.div_ceil(256) as u64));
            }
        }
    }

    /// What is dispatched for each block: the slopes, the sums of their rows, the products with the others' rows.
    fn block_stages(
        &self,
        own: Side,
        endings: &[(Ending, Wanted)],
        (other, overrides): &(Side, Vec<(String, f64)>),
        turned: Option<&Pass>,
    ) -> BlockStages {
        let Scores { scale, pairs, slope, .. } = &self.scores;
        let slopes =
            self.of_rows(&["operand/slopes", "operand/slope_sums"], &[scale, pairs, slope], "geometry/tiles_slopes");
        let shared = ("SHARED".to_string(), f64::from(u8::from(turned.is_some())));
        let slopes = slopes.stage("tiles_slopes", [&self.scores.overrides[..], overrides, &[shared]].concat(), 0);
        let pull = self.joint(&["operand/slope_sums", "operand/pulls"], &[], &["geometry/tiles_pull"]);
        BlockStages {
            slopes: slopes.in_quads(self.in_quads()).reading(&[("x0", own.operand), ("x1", other.operand)]),
            pull: pull.stage("tiles_pull", Vec::new(), 0),
            product: self.product(endings, *other, false),
            turned: turned.map(|pass| (self.product(&pass.endings, own, true), self.ends(*other, &pass.endings))),
        }
    }

    /// The products of slopes with the rows of this side, where rows' gradients are wanted.
    fn product(&self, endings: &[(Ending, Wanted)], other: Side, turned: bool) -> Option<Stage> {
        if self.width == 0 || endings.iter().all(|(ending, _)| *ending != Ending::Rows) {
            return None;
        }
        let product = self.joint(
            &["operand/x1", "operand/factors", "operand/slopes", "operand/products"],
            &[],
            &[
                "geometry/row_elements",
                "geometry/slopes_rows",
                "geometry/lane_products",
                multiplies(self.request),
                "geometry/tiles_product",
            ],
        );
        // the others' elements lie next to each other where the rows of this product are their columns
        let across = [("OWN_ACROSS", turned), ("OTHER_ACROSS", true)];
        let across = across.map(|(name, across)| (name.to_string(), f64::from(u8::from(across))));
        let product = product.stage("tiles_product", across.to_vec(), 0);
        Some(product.in_quads(self.in_quads()).reading(&[("x1", other.operand)]))
    }

    /// The kernels that store a side's gradients.
    fn ends(&self, own: Side, endings: &[(Ending, Wanted)]) -> Vec<(Ending, Stage)> {
        endings.iter().map(|(kind, to)| (*kind, self.end(own, *kind, to))).collect()
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
        first_pull: narrow(first as u64),
        ..Block::default()
    }
}

/// A block from the others' side: their sums stand after those of all own rows.
fn turn(block: Block, own_rows: usize, own_sums: usize) -> Block {
    Block {
        own_first: block.other_first,
        own_end: block.other_end,
        own_base: block.other_base,
        own_from: block.other_from,
        other_first: block.own_first,
        other_end: block.own_end,
        other_base: block.own_base,
        other_from: block.own_from,
        fresh: 1,
        first_sum: narrow(own_sums as u64),
        first_pull: narrow(own_rows as u64),
        first_product: narrow(own_rows as u64),
        ..Block::default()
    }
}

/// The own rows of a block, and its others.
fn sizes(block: &Block) -> (usize, usize) {
    ((block.own_end - block.own_first) as usize, (block.other_end - block.other_first) as usize)
}

/// Whether the others' passes have the slopes of the first.
fn shares(passes: &[Pass]) -> bool {
    let [first, others @ ..] = passes else { return false };
    let has = |side: &Side| first.against.others.iter().any(|(other, _)| other.base == side.base);
    !others.is_empty() && others.iter().all(|pass| has(&pass.against.own))
}

/// The scratch memory that blocks take: name, elements, and the bytes of one.
fn scratch(width: usize, blocks: Blocks, statistics: &[Against], passes: &[Pass]) -> Vec<(&'static str, u64, u64)> {
    let states = |against: &Against| {
        let all: usize = chunks(against, width).1.iter().sum();
        (blocks.rows_of_states(against.own.rows, all) * all) as u64
    };
    // of a pass its own rows, those of a block, the others of a block
    let most = |elements: &dyn Fn(usize, usize, usize) -> usize| {
        let passes = passes.iter().take(if blocks.shared { 1 } else { passes.len() });
        let elements = passes.map(|Pass { against, .. }| {
            let others = against.others.iter().map(|(other, _)| other.rows).max().unwrap_or(0);
            elements(against.own.rows, against.own.rows.min(blocks.own), others.min(blocks.others))
        });
        elements.max().unwrap_or(0) as u64
    };
    // what others have beside the own rows
    let beside = |others: usize| if blocks.shared { others } else { 0 };
    vec![
        ("chunk_states", statistics.iter().map(states).max().unwrap_or(0), 20),
        ("slopes", most(&|_, own, others| own * others.div_ceil(TILE) * (TILE / 4)), 16),
        ("slope_sums", most(&|_, own, others| own * others.div_ceil(TILE) + beside(others) * own.div_ceil(TILE)), 8),
        ("pulls", most(&|all, _, others| all + beside(others)), 8),
        ("products", most(&|_, own, others| (own + beside(others)) * width.div_ceil(4)), 16),
    ]
}
