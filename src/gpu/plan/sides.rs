//! The sides of a walk over tiles: own rows against others, and the gradients that a pass over the own rows produces.

use super::stage::Wanted;
use crate::gpu::choices::Choices;

/// The rows of a tile, on either side.
pub(super) const TILE: usize = 64;

/// The rows of one operand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side {
    pub operand: &'static str,
    pub rows: usize,
    /// The index of its first row among the rows of all sides.
    pub base: usize,
    /// The index of its first row in the batch, which is not 0 for a shard.
    pub from: usize,
}

/// One side against others. Each of the others has the choices for this pair of sides.
#[derive(Clone, Debug)]
pub(super) struct Against {
    pub own: Side,
    pub others: Vec<(Side, Choices)>,
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
