//! The shapes of rows of coordinates: by themselves, against all other rows, and against the classes of a projection.

use super::elements::ELEMENTS;
use super::{Samples, kind};
use wgloss::ClassAxis::Second;

/// Rows of vectors: a row to a lane, to several lanes or to a workgroup, or cut into chunks. Vectors of one coordinate have no
/// direction.
pub(super) const VECTORS: Samples = Samples {
    kinds: &[
        kind("none at all", &[&[0, 3], &[3, 0]]),
        kind("a lane a row", &[&[1, 2], &[2, 3], &[257, 2]]),
        kind("several lanes a row", &[&[63, 8], &[64, 9], &[65, 16], &[5, 17]]),
        kind("a workgroup a row", &[&[33, 64], &[7, 257], &[3, 1000]]),
        kind("a workgroup a long row", &[&[3, 2049], &[2, 4100]]),
        kind("rows cut into chunks", &[&[2, 16_385], &[1, 17_000]]),
    ],
    odd: &[&[3, 5], &[3, 257], &[1, 17_001]],
    walks: &[&[4, 3], &[3, 700], &[2, 17_000]],
    tiny: &[(&[4, 3], Second), (&[1, 5], Second), (&[2, 2], Second)],
    masked: &[3, 2],
    digits: &[4, 6],
    in_place: &[],
    labelled: &[],
    repeated: &[&[3000, 1000], &[300_000, 5]],
    beyond_a_binding: &[(&[5003, 67], Second), (&[7, 40_001], Second)],
    drawn_beyond_a_binding: &[(&[5003, 67], Second), (&[7, 40_001], Second)],
    beyond_a_small_binding: &[(&[603, 67], Second), (&[40, 1003], Second), (&[3, 17_000], Second)],
    cut: &[(&[2, 16_385], Second), (&[3, 17_000], Second)],
    ..ELEMENTS
};

/// Rows against all other rows, in tiles of 64 by 64. Rows of one element have no direction.
pub(super) const ALL_PAIRS: Samples = Samples {
    kinds: &[
        kind("none at all", &[&[0, 3], &[3, 0]]),
        kind("few", &[&[1, 2], &[1, 5], &[2, 3]]),
        kind("below a tile", &[&[5, 17], &[16, 16], &[33, 65]]),
        kind("around a tile", &[&[63, 5], &[64, 64], &[65, 63]]),
        kind("several tiles", &[&[257, 15], &[130, 257]]),
    ],
    odd: &[&[3, 5], &[67, 3], &[5, 65]],
    walks: &[&[7, 5], &[70, 3]],
    lone_rows: &[&[1, 2], &[0, 2]],
    tiny: &[(&[4, 3], Second), (&[2, 5], Second), (&[5, 2], Second)],
    masked: &[4, 3],
    unmasked: &[3, 3],
    digits: &[4, 6],
    in_place: &[],
    // the twin computes all pairs, so these are as many rows as it has time for
    many: &[1500, 3],
    repeated: &[&[1030, 40]],
    beyond_a_binding: &[(&[301, 1003], Second)],
    drawn_beyond_a_binding: &[(&[301, 1003], Second)],
    // so many rows that a binding holds the products of some of them
    beyond_a_small_binding: &[(&[257, 65], Second), (&[200, 90], Second)],
    ..ELEMENTS
};

/// Rows against all others. Each row needs another row with its label and one with another label.
pub(super) const HARDEST: Samples =
    Samples { tiny: &[(&[4, 3], Second), (&[3, 5], Second), (&[5, 2], Second)], ..ALL_PAIRS };

/// Rows against the classes of a projection, in tiles of 64 by 64.
pub(super) const LINEAR: Samples = Samples { many: &[70_000, 3], repeated: &[&[9000, 40]], ..ALL_PAIRS };

/// Rows against the classes of a projection. The rows make up segments: about as many as the square root of the number of rows,
/// in pairs. Without rows there is no pair, and from nine rows on there are several pairs.
pub(super) const SEGMENTS: Samples = Samples {
    masked: &[9, 3],
    unmasked: &[9, 3],
    tiny: &[(&[6, 3], Second), (&[2, 4], Second), (&[9, 2], Second)],
    digits: &[9, 6],
    ..LINEAR
};
