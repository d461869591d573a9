//! The sides of a walk over tiles: rows against others, and the gradients that a pass over one ends in.

use super::stage::Wanted;
use crate::gpu::choices::Choices;

/// The rows of a tile, on either side.
pub(super) const TILE: usize = 64;

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
    pub others: Vec<(Side, Choices)>,
}

/// A pass over an own side, and the gradients that it ends in.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    pub against: Against,
    pub endings: Vec<(Ending, Wanted)>,
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
