//! The sides of a walk over tiles: own rows against others, where the statistics of rows come from, and the gradients that a
//! pass over the own rows produces.

use super::stage::Wanted;
use crate::gpu::choices::Choices;

/// The rows of a tile, on either side.
pub(super) const TILE: usize = 64;

/// The rows of one operand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side {
    pub operand: &'static str,
    pub rows: usize,
    /// The elements of a row.
    pub width: usize,
    /// The index of this side's first row among the rows of all sides.
    pub base: usize,
    /// The index of this side's first row in the batch: 0, unless the rows are a shard or follow the batch's keys.
    pub from: usize,
}

/// One side against others. Each of the others has the choices for this pair of sides.
#[derive(Clone, Debug)]
pub(super) struct Against {
    pub own: Side,
    pub others: Vec<(Side, Choices)>,
}

/// Where the statistics of rows come from.
#[derive(Debug)]
pub(super) enum Statistics {
    /// From tiles of products, which are folded as they are computed, for each side against others.
    Tiles(Vec<Against>),
    /// From the logits of blocks, which lie in memory.
    Logits(Logits),
}

impl Statistics {
    pub fn logits(&self) -> Option<&Logits> {
        if let Statistics::Logits(logits) = self { Some(logits) } else { None }
    }

    /// Each side whose rows have statistics, with the other sides that the statistics run over.
    pub fn sides(&self) -> Vec<Against> {
        match self {
            Statistics::Tiles(all) => all.clone(),
            Statistics::Logits(logits) => vec![logits.against()],
        }
    }
}

/// A student's rows against its classes. Their logits lie in memory, and so do a teacher's.
#[derive(Clone, Debug)]
pub(super) struct Logits {
    pub rows: Side,
    pub classes: Side,
    pub teacher_rows: Side,
    pub teacher_classes: Side,
    /// Whether the fold needs a second sweep, which compares each class with the state of the whole row.
    pub compares: bool,
}

impl Logits {
    pub fn against(&self) -> Against {
        Against { own: self.rows, others: vec![(self.classes, Choices::default())] }
    }

    /// The elements of a row of the student's or of the teacher's, whichever are longer.
    pub fn widest(&self) -> usize {
        self.rows.width.max(self.teacher_rows.width)
    }

    /// The side of the teacher that corresponds to a side of the student.
    pub fn of_teacher(&self, side: Side) -> Side {
        if side.base == self.rows.base { self.teacher_rows } else { self.teacher_classes }
    }
}

/// A pass over an own side, and the gradients that it produces.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    pub against: Against,
    pub endings: Vec<(Ending, Wanted)>,
}

/// A kind of gradient that a pass over an own side produces.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ending {
    /// The gradient of the own rows.
    Rows,
    /// The gradient of a number for each own row, which is added to the row's scores.
    Sums,
    /// The gradient of the one number that is added to all scores, if `added`, or else multiplies them.
    Number { added: bool },
}
