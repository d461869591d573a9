//! The shapes `[N, C, ...]` of classes, regions and channels.

use super::elements::ELEMENTS;
use super::{Samples, kind};
use wgloss::ClassAxis::{Last, Second};

/// Positions and their classes: rows, and pixels whose classes lie apart or together.
pub(super) const CLASSES: Samples = Samples {
    kinds: &[
        kind("none at all", &[&[0, 3], &[2, 2, 0, 3]]),
        kind("one class", &[&[1, 1], &[257, 1], &[3, 1, 33]]),
        kind("a lane a row", &[&[2, 2], &[63, 3], &[255, 2], &[256, 3], &[1000, 3]]),
        kind("many lanes a row", &[&[64, 21], &[65, 80], &[5, 257], &[3, 1003]]),
        kind("rows cut into chunks", &[&[2, 8197], &[1, 70001]]),
        kind("pixels of few classes", &[&[2, 3, 5, 7], &[1, 3, 65, 17], &[1, 21, 17, 3]]),
        kind("pixels of many classes", &[&[2, 80, 3, 11], &[2, 257, 3, 3]]),
    ],
    odd: &[&[1, 3], &[3, 65], &[1, 3, 63], &[1, 8193]],
    walks: &[&[2, 3, 4], &[3, 21], &[5, 8200]],
    empty: &[0, 3, 4],
    empty_items: &[0, 3, 2],
    tiny: &[(&[4, 3], Second), (&[2, 3, 4], Second), (&[1, 2, 2, 3], Second), (&[4, 3], Last), (&[2, 2, 3], Last)],
    masked: &[2, 3, 2],
    unmasked: &[2, 3, 2],
    in_place: &[&[70, 10], &[9, 1003], &[2, 21, 300]],
    labelled: &[&[7, 3, 401], &[700, 10], &[5, 8200]],
    many: &[70_000, 10],
    repeated: &[&[1030, 3, 257], &[260_000, 10]],
    pixels: &[(&[1, 3, 724, 726], Second), (&[2, 300, 301, 4], Last), (&[3, 1003, 41], Second)],
    few_classes: &[2, 5, 24],
    many_rows: &[[13_111, 80], [1050, 999], [301, 3503]],
    beyond_a_binding: &[
        // rows of few classes and of many, and rows that are cut
        (&[25_003, 21], Second),
        (&[300, 1003], Second),
        (&[9, 70_001], Second),
        // pixels whose classes lie apart, and together
        (&[17, 21, 36, 48], Second),
        (&[3, 61, 25, 80], Last),
        // items that no binding holds, by fours and one by one
        (&[2, 40, 96, 96], Second),
        (&[2, 40, 91, 97], Second),
        // items that no binding holds, where several lanes share a position: two items, and one alone
        (&[2, 1300, 219], Second),
        (&[1, 1300, 219], Second),
        // one item alone that no binding holds, whose positions are read one by one
        (&[1, 31, 93, 97], Second),
    ],
    drawn_beyond_a_binding: &[(&[25_003, 21], Second), (&[9, 70_001], Second), (&[2, 40, 91, 97], Second)],
    beyond_a_small_binding: &[
        // items whose classes are gone through range by range: by fours, one by one, by lanes that share a position
        (&[2, 5, 8196], Second),
        (&[1, 7, 8193], Second),
        (&[1, 1300, 219], Second),
        // rows of few classes and of many
        (&[2501, 21], Second),
        (&[50, 1003], Second),
        // pixels whose classes lie together, and apart
        (&[7, 25, 31, 8], Last),
        (&[15, 5, 36, 16], Second),
    ],
    cut: &[(&[2, 8197], Second), (&[3, 16_388], Second), (&[1, 70_001], Second), (&[2, 8200, 3], Second)],
    in_registers: &[(&[1, 3, 65_600], Second), (&[3, 7, 21_848], Second), (&[1050, 999], Second)],
    batch: &[9, 4, 5],
    ..ELEMENTS
};

/// Regions: items and classes, with sums over positions.
pub(super) const REGIONS: Samples = Samples {
    odd: &[&[1, 2, 1], &[3, 3, 65], &[1, 3, 257]],
    walks: &[&[2, 3, 4]],
    tiny: &[
        (&[4, 3], Second),
        (&[2, 3, 4], Second),
        (&[1, 2, 2, 3], Second),
        (&[4, 3], Last),
        (&[2, 2, 3], Last),
        // one channel, and one position
        (&[2, 1, 4], Second),
        (&[2, 4, 1], Last),
    ],
    digits: &[2, 3, 4],
    in_place: &[&[2, 5, 300]],
    labelled: &[&[7, 3, 401]],
    many: &[70_000, 2, 3],
    repeated: &[&[1030, 3, 257]],
    many_rows: &[],
    beyond_a_binding: &[
        // items that a binding holds
        (&[7, 5, 96, 96], Second),
        (&[9, 93, 93, 4], Last),
        // items that no binding holds, by fours and one by one
        (&[2, 40, 96, 96], Second),
        (&[2, 41, 91, 97], Second),
        (&[1, 31, 93, 97], Second),
    ],
    drawn_beyond_a_binding: &[(&[7, 5, 96, 96], Second), (&[2, 41, 91, 97], Second)],
    beyond_a_small_binding: &[
        // items that no binding holds, by fours and one by one
        (&[2, 9, 5000], Second),
        (&[2, 9, 5001], Second),
        // items that a binding holds
        (&[15, 5, 36, 16], Second),
        (&[9, 31, 41, 4], Last),
    ],
    // few chunks, which lanes merge, and many, which a workgroup merges
    cut: &[(&[2, 3, 2049], Second), (&[19, 2, 1030], Second), (&[1, 3, 70_001], Second), (&[1, 9001, 2], Last)],
    in_registers: &[(&[1, 3, 65_600], Second), (&[3, 5, 21_848], Second)],
    ..CLASSES
};

/// Channels: products of all pairs of an item's channels, summed over positions.
pub(super) const CHANNELS: Samples = Samples {
    kinds: &[
        kind("no items, no positions", &[&[0, 3, 4], &[2, 3, 0]]),
        kind("one channel", &[&[1, 1], &[3, 1, 33]]),
        kind("few", &[&[2, 3], &[3, 5, 7], &[2, 17, 3, 5]]),
        kind("around a tile", &[&[2, 63, 9], &[1, 64, 64], &[2, 65, 17]]),
        kind("positions of several chunks", &[&[2, 5, 1025], &[1, 130, 33]]),
    ],
    odd: &[&[1, 2, 1], &[3, 3, 65], &[1, 3, 257]],
    walks: &[&[2, 3, 4]],
    empty: &[0, 3, 4],
    tiny: CLASSES.tiny,
    masked: &[2, 3, 2],
    unmasked: &[2, 3, 2],
    digits: &[2, 3, 4],
    in_place: &[],
    many: &[70_000, 2, 3],
    repeated: &[&[17, 500, 40]],
    beyond_a_binding: &[(&[9, 12, 91, 97], Second), (&[9, 91, 97, 12], Last)],
    drawn_beyond_a_binding: &[(&[9, 12, 91, 97], Second)],
    beyond_a_small_binding: &[(&[5, 12, 31, 37], Second), (&[5, 31, 37, 12], Last)],
    cut: &[(&[2, 5, 1025], Second), (&[3, 9, 2050], Second)],
    ..ELEMENTS
};
