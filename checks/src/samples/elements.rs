//! The shapes of elements: alone, in items, in sequences and in boxes. The other tables take from [`ELEMENTS`] what they
//! do not say themselves.

use super::{Samples, kind};
use wgloss::ClassAxis::Second;

/// Elements: a lane takes one or four; a workgroup has 256 lanes.
pub(super) const ELEMENTS: Samples = Samples {
    kinds: &[
        kind("none at all", &[&[0], &[3, 0]]),
        kind("few", &[&[1], &[2]]),
        kind("around a subgroup", &[&[63], &[64], &[65]]),
        kind("around a workgroup", &[&[255], &[256], &[257]]),
        kind("several workgroups", &[&[1000], &[3, 5, 7], &[257, 3], &[2, 4099]]),
    ],
    odd: &[&[3], &[5, 13], &[257]],
    walks: &[&[3, 5]],
    lone_rows: &[],
    empty: &[0, 3],
    empty_items: &[0, 2],
    tiny: &[(&[6], Second), (&[2, 3], Second), (&[], Second), (&[2, 1, 3], Second)],
    masked: &[4],
    unmasked: &[2, 2],
    digits: &[3, 5],
    in_place: &[&[3, 257], &[70, 1000]],
    labelled: &[&[700, 3]],
    many: &[70_000, 3],
    repeated: &[&[1024, 4096]],
    pixels: &[],
    few_classes: &[],
    many_rows: &[],
    long_items: &[],
    beyond_a_binding: &[(&[701, 1003], Second), (&[1501, 401], Second)],
    drawn_beyond_a_binding: &[(&[701, 1003], Second)],
    beyond_a_small_binding: &[(&[203, 203], Second), (&[5, 9001], Second)],
    cut: &[],
    in_registers: &[],
    batch: &[9, 6],
};

/// Elements of sequences, which are rows: a workgroup takes one, or a chunk of one.
pub(super) const SEQUENCES: Samples = Samples {
    kinds: &[
        kind("none at all", &[&[0], &[3, 0], &[0, 3]]),
        kind("few", &[&[2], &[1, 1], &[2, 3]]),
        kind("around a subgroup", &[&[64], &[3, 63], &[2, 65]]),
        kind("around a workgroup", &[&[255], &[4, 256], &[3, 257]]),
        kind("sequences of several chunks", &[&[257, 3], &[3, 5, 7], &[2, 4099], &[3, 8196]]),
    ],
    odd: &[&[1, 3], &[5, 13], &[257]],
    tiny: &[(&[1, 5], Second), (&[2, 3], Second), (&[3, 4], Second)],
    masked: &[2, 2],
    ..ELEMENTS
};

/// Elements of items: each item looks up its own numbers.
pub(super) const ITEMS: Samples = Samples {
    tiny: &[(&[3, 4], Second), (&[1, 5], Second), (&[4], Second), (&[2, 2, 3], Second)],
    long_items: &[&[2, (1 << 20) + 5]],
    ..ELEMENTS
};

/// Elements of a loss with an option of several numbers, which lie along the last axis.
pub(super) const COLUMNS: Samples = Samples {
    tiny: &[(&[6], Second), (&[2, 3], Second), (&[2, 1], Second)],
    beyond_a_small_binding: &[(&[9001, 5], Second)],
    ..ELEMENTS
};

/// Boxes: a lane reads all four corners, and no gradient overwrites its prediction.
pub(super) const BOXES: Samples =
    Samples { digits: &[8], in_place: &[], beyond_a_small_binding: &[(&[10_007], Second)], ..ELEMENTS };

/// Sums of other losses, which have no walk of their own.
pub(super) const COMPOSITES: Samples = Samples {
    in_place: &[],
    beyond_a_binding: &[],
    drawn_beyond_a_binding: &[],
    beyond_a_small_binding: &[],
    ..ELEMENTS
};
