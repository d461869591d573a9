//! Plans the gradients of a walk over tiles, pass by pass and block by block.
//!
//! A pass computes the gradients of one side's rows, the own rows, block by block. Each block computes slopes, which are the
//! derivatives with respect to products, from tiles or from logits that lie in memory. It adds the products of slopes with
//! the others' rows to sums. After the last block of the same own rows, the sums become the gradients of these rows. If a
//! block has room for all own rows, the gradients of the others come from the same slopes. Otherwise each side has a pass of
//! its own, which computes its slopes again. Sums go on from block to block in the order of the others, so their bits do not
//! depend on where blocks begin, nor on whether slopes are shared.

use super::blocks::iterations;
use super::logits::Making;
use super::sides::{Ending, Pass, Side, TILE};
use super::stage::{Stage, Wanted, of_block};
use super::tiles::{Tiles, block, by_matrices};
use crate::gpu::choices::Choices;
use crate::gpu::link::Slots;
use crate::gpu::params::Block;
use crate::gpu::shaders::geometry::{own_halves, tile_rows};
use crate::gpu::shaders::operand::dx;
use crate::gpu::shaders::{choice, geometry, slot};

/// The stages of each block of a pass.
struct BlockStages {
    /// Computes the logits that slopes come from, unless the logits are in memory already.
    making: Option<Making>,
    slopes: Stage,
    row_sums: Stage,
    product: Option<Stage>,
    turned: Option<Turned>,
}

/// The stages for the others of a block, if they share its slopes: products with own rows, and gradients.
struct Turned {
    product: Option<Stage>,
    ends: Ends,
}

/// The stages that store a side's gradients.
type Ends = Vec<(Ending, Stage)>;

impl Tiles<'_> {
    /// The dispatches of all passes. If slopes are shared, the first pass produces the gradients of all the others too.
    pub fn passes(&self, passes: &[Pass]) -> Vec<Stage> {
        match passes {
            [first, others @ ..] if self.blocks.shared => self.pass(first, others),
            _ => passes.iter().flat_map(|pass| self.pass(pass, &[])).collect(),
        }
    }

    /// A pass over a side's rows, block by block. `turned` are the passes of the others that share its slopes.
    fn pass(&self, Pass { against, endings }: &Pass, turned: &[Pass]) -> Vec<Stage> {
        let own = against.own;
        let most = self.width.max(self.blocks.others).max(if turned.is_empty() { 0 } else { own.rows });
        let longest_loop = iterations(most).max(own.rows.div_ceil(1024));
        let of = |other: &Side| turned.iter().find(|pass| pass.against.own.base == other.base);
        let stages: Vec<BlockStages> =
            against.others.iter().map(|other| self.block_stages(own, endings, other, of(&other.0))).collect();
        let ends = self.ends(own, endings);
        let mut list = Vec::new();
        for first in (0..own.rows).step_by(self.blocks.own) {
            let end = first.saturating_add(self.blocks.own).min(own.rows);
            let mut block = Block { fresh: 1, ..block(own, first, end) };
            for ((other, _), stages) in against.others.iter().zip(&stages) {
                (block.other_base, block.other_from) = (of_block(other.base), of_block(other.from));
                // without others a block still runs once, to set the sums to zero
                for other_first in (0..other.rows.max(1)).step_by(self.blocks.others) {
                    let other_end = other_first.saturating_add(self.blocks.others).min(other.rows);
                    (block.other_first, block.other_end) = (of_block(other_first), of_block(other_end));
                    let (down, across) = ((end - first).div_ceil(TILE), (other_end - other_first).div_ceil(TILE));
                    if across > 0 {
                        let block = Block { steps: of_block(self.width.div_ceil(16)), ..block };
                        list.extend(stages.making.iter().flat_map(|making| making.over(block)));
                        list.push(stages.slopes.over(block, (down * across) as u64).looping(longest_loop));
                    }
                    list.extend(self.sums(block, &stages.row_sums, stages.product.as_ref()));
                    if let Some(turned) = &stages.turned {
                        let block = turn(block, own.rows, (end - first) * across);
                        list.extend(self.sums(block, &stages.row_sums, turned.product.as_ref()));
                        list.extend(self.finish(block, &turned.ends));
                    }
                    block.fresh = 0;
                }
            }
            list.extend(self.finish(block, &ends));
        }
        for (_, stage) in ends.iter().filter(|(kind, _)| matches!(kind, Ending::Number { .. })) {
            list.push(stage.over(block(own, 0, own.rows), 1).looping(longest_loop));
        }
        list
    }

    /// The dispatches that add up a block's slopes over its others, and the products of slopes with the others' rows.
    fn sums(&self, block: Block, row_sums: &Stage, product: Option<&Stage>) -> Vec<Stage> {
        let (rows, others) = sizes(&block);
        if rows == 0 {
            return Vec::new();
        }
        let product = product.map(|product| {
            let block = Block { steps: of_block(others.div_ceil(16)), ..block };
            product.over(block, (rows.div_ceil(TILE) * self.width.div_ceil(TILE)) as u64)
        });
        [row_sums.over(block, rows.div_ceil(256) as u64)].into_iter().chain(product).collect()
    }

    /// Stores the gradients of a block's rows.
    fn finish(&self, block: Block, ends: &[(Ending, Stage)]) -> Vec<Stage> {
        let (rows, _) = sizes(&block);
        let end = |(kind, stage): &(Ending, Stage)| {
            let elements = match kind {
                Ending::Rows => rows * self.width,
                Ending::Sums => rows,
                Ending::Number { .. } => 0,
            };
            (elements > 0).then(|| stage.over(block, elements.div_ceil(256) as u64))
        };
        ends.iter().filter_map(end).collect()
    }

    /// Makes the stages that all blocks against `other` share.
    fn block_stages(
        &self,
        own: Side,
        endings: &[(Ending, Wanted)],
        (other, of_pair): &(Side, Choices),
        turned: Option<&Pass>,
    ) -> BlockStages {
        // only the first side's products are kept; the other sides' passes compute them again
        let kept = self.keeps && own.base == 0;
        let slots = self.of_rows(kept);
        let choices = self.scores.choices.clone().and(of_pair).flag(choice::SHARED, turned.is_some());
        let logits = self.logits();
        let entry = if logits.is_some() { geometry::LOGITS_SLOPES } else { geometry::TILES_SLOPES };
        let slopes = Stage::new(entry, slots.clone(), choices, 0);
        BlockStages {
            making: logits.filter(|_| !kept).map(|logits| self.making(logits, own, *other)),
            slopes: slopes.in_quads(self.in_quads()).reading(&[("x0", own.operand), ("x1", other.operand)]),
            row_sums: Stage::new(geometry::TILES_ROW_SUMS, slots, Choices::default(), 0),
            product: self.product(endings, *other, false),
            turned: turned.map(|pass| Turned {
                product: self.product(&pass.endings, own, true),
                ends: self.ends(*other, &pass.endings),
            }),
        }
    }

    /// The products of slopes with the rows of `other`, if the gradients of rows are wanted.
    fn product(&self, endings: &[(Ending, Wanted)], other: Side, turned: bool) -> Option<Stage> {
        if self.width == 0 || endings.iter().all(|(ending, _)| *ending != Ending::Rows) {
            return None;
        }
        // the product sums over the other rows, so neighbouring elements of `other` are neighbouring columns of the
        // result
        let across = Choices::default().flag(choice::OWN_ACROSS, turned).flag(choice::OTHER_ACROSS, true);
        let across = across.flag(choice::STARTS, true);
        let slopes = if by_matrices(self.request) { tile_rows::WEIGHTED_SLOPES } else { tile_rows::SLOPES };
        let slots = self.scores.slots.with(slot::TILE_ROWS, slopes).with(slot::OWN_HALVES, own_halves::SPLIT);
        let product = Stage::new(geometry::TILES_PRODUCT, slots, across, 0);
        Some(product.in_quads(self.in_quads()).reading(&[("x1", other.operand)]))
    }

    /// The stages that store a side's gradients.
    fn ends(&self, own: Side, endings: &[(Ending, Wanted)]) -> Ends {
        endings.iter().map(|(kind, to)| (*kind, self.end(own, *kind, to))).collect()
    }

    /// The stage that stores a gradient.
    fn end(&self, own: Side, ending: Ending, wanted: &Wanted) -> Stage {
        let choices = self.scores.choices.clone().flag(choice::DX0_ADD, wanted.add);
        let mut slots: Slots = self.scores.slots.clone();
        slots.fill_dx(0, dx::WORDS);
        let stage = match ending {
            Ending::Rows => Stage::new(geometry::TILES_FINISH, slots, choices, 0).reading(&[("x0", own.operand)]),
            Ending::Sums => Stage::new(geometry::TILES_SUMS, slots, choices, 0),
            Ending::Number { added } => {
                Stage::new(geometry::TILES_NUMBER, slots, choices.flag(choice::ADDED, added), 0)
            }
        };
        stage.writing(vec![("dx0".into(), wanted.output)])
    }
}

/// The block with its own rows and its others exchanged. The sums of the others lie after the sums of all own rows.
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
        first_sum: of_block(own_sums),
        first_row_sum: of_block(own_rows),
        first_product: of_block(own_rows),
        width: block.width,
        ..Block::default()
    }
}

/// How many own rows and how many others a block has.
fn sizes(block: &Block) -> (usize, usize) {
    ((block.own_end - block.own_first) as usize, (block.other_end - block.other_first) as usize)
}
