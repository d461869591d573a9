//! Plans the logits of blocks of rows and classes, a student's and a teacher's, which are stored in memory; and the
//! statistics of rows from these logits.
//!
//! A fold of two softmaxes sees two products at a time, and goes through them twice or three times. So products are not
//! folded from registers, but stored first, which costs little compared with computing them. Rows are folded 64 classes
//! at a time, and the states of each 64 are merged one after another, so blocks change no bit.

use super::blocks::iterations;
use super::sides::{Logits, Side, TILE};
use super::stage::{Stage, of_block};
use super::tiles::{Tiles, block};
use crate::gpu::choices::Choices;
use crate::gpu::params::Block;
use crate::gpu::shaders::geometry::chunk_merge;
use crate::gpu::shaders::scratch::block_logits;
use crate::gpu::shaders::{geometry, slot};

/// How many pieces a workgroup folds. A piece is the logits of one row at 64 classes.
const FOLDED: usize = 64;

/// Two kernels that compute the logits of a block: the student's, and the teacher's. Each has two sides, the own one and the
/// other: the rows and the classes, or the classes and the rows.
pub(super) struct Making([(Stage, [Side; 2]); 2]);

impl Making {
    /// Computes the logits of a block.
    pub fn over(&self, block: Block) -> impl Iterator<Item = Stage> {
        self.0.iter().map(move |(stage, [own, other])| {
            let block = Block {
                own_base: of_block(own.base),
                other_base: of_block(other.base),
                width: of_block(own.width),
                steps: of_block(own.width.div_ceil(16)),
                ..block
            };
            stage.over(block, tiles(&block))
        })
    }
}

/// How many tiles a block has.
fn tiles(block: &Block) -> u64 {
    let tiles = |rows: u32| u64::from(rows.div_ceil(TILE as u32));
    tiles(block.own_end - block.own_first) * tiles(block.other_end - block.other_first)
}

impl Tiles<'_> {
    /// The kernels that compute logits.
    pub fn making(&self, logits: &Logits, own: Side, other: Side) -> Making {
        let kernel = |file, sides: [Side; 2]| {
            let slots = self.scores.slots.with(slot::BLOCK_LOGITS, file);
            let [own, other] = sides;
            let stage = Stage::new(geometry::TILES_LOGITS, slots, Choices::default(), 0)
                .in_quads(own.width.is_multiple_of(4))
                .reading(&[("x0", own.operand), ("x1", other.operand)])
                .looping(iterations(own.width));
            (stage, sides)
        };
        let of_teacher = [logits.of_teacher(own), logits.of_teacher(other)];
        Making([kernel(block_logits::STUDENT, [own, other]), kernel(block_logits::TEACHER, of_teacher)])
    }

    /// Computes the states of all rows from logits, and the sums of a second walk over the classes if the fold has one.
    pub fn of_logits(&self, logits: &Logits) -> Vec<Stage> {
        let (rows, classes) = (logits.rows, logits.classes);
        let making = self.making(logits, rows, classes);
        let kernel = |entry, merge| {
            Stage::new(entry, self.scores.slots.with(slot::CHUNK_MERGE, merge), self.scores.choices.clone(), 0)
        };
        let walks = [(geometry::LOGITS_GATHER, chunk_merge::STATES), (geometry::LOGITS_COMPARE, chunk_merge::SUMS)];
        let mut stages = Vec::new();
        for (walk, (entry, merge)) in walks.into_iter().take(1 + usize::from(logits.compares)).enumerate() {
            let fold = kernel(entry, merge).looping(4);
            let merge = kernel(geometry::TILES_MERGE, merge).looping(self.blocks.others.div_ceil(TILE));
            for first in (0..rows.rows).step_by(self.blocks.own) {
                let end = first.saturating_add(self.blocks.own).min(rows.rows);
                for other_first in (0..classes.rows).step_by(self.blocks.others) {
                    let other_end = other_first.saturating_add(self.blocks.others).min(classes.rows);
                    let chunks = (other_end - other_first).div_ceil(TILE);
                    let block = Block {
                        other_first: of_block(other_first),
                        other_end: of_block(other_end),
                        chunks: of_block(chunks),
                        fresh: u32::from(other_first == 0),
                        ..block(rows, first, end)
                    };
                    if walk == 0 || !self.keeps {
                        stages.extend(making.over(block));
                    }
                    stages.push(fold.over(block, ((end - first) * chunks).div_ceil(FOLDED) as u64));
                    // the sums of the second walk lie behind the states of all rows
                    let block = Block { own_base: of_block(walk * rows.rows), ..block };
                    stages.push(merge.over(block, (end - first).div_ceil(256) as u64));
                }
            }
        }
        stages
    }
}
