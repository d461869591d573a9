//! The folds over the classes of a position. A fold and its shader in `shaders/fold` have the same file name.

pub(super) mod class_sum;
pub(super) mod divergence;
pub(super) mod row;
pub(super) mod softmax;
pub(super) mod softmax_shards;

use crate::check::ClassFold;
use row::{Row, Scored};

/// Folds the classes of a row, and scores it.
pub(super) fn score(leaf: ClassFold<'_>, row: &Row) -> Scored {
    match leaf {
        ClassFold::Softmax(leaf) => softmax::score(leaf, row),
        ClassFold::ClassSum(leaf) => class_sum::score(leaf, row),
        ClassFold::Divergence(leaf) => divergence::score(leaf, row),
    }
}
