//! The shapes that tests of each family of losses go through, each list once and by its purpose.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

#[path = "samples/pictures.rs"]
mod pictures;

use pictures::{LEVELS, PICTURES, WINDOWS};
use wgloss::ClassAxis::{self, Last, Second};
use wgloss::custom::Leaf;
use wgloss::header::{Kind as OptionKind, Role};
use wgloss::{Loss, Reduction};

/// A prediction's shape: `[N, C, ...]` where there are classes or channels. Boxes get a last axis of four numbers more, and
/// rows of vectors get their later axes as one (`Setting::new`).
pub type Shape = &'static [usize];

/// Shapes of one purpose.
pub type Shapes = &'static [Shape];

/// Shapes with the place of their class axis, as they lie in memory.
pub type Layouts = &'static [(Shape, ClassAxis)];

/// Shapes on one side of a change between kernels, or around it.
#[derive(Debug)]
pub struct Kind {
    /// The change.
    pub name: &'static str,
    pub shapes: Shapes,
}

/// The shapes of a family.
#[derive(Debug)]
pub struct Samples {
    /// All sizes where kernels change. A call is drawn from a kind; a test of sizes goes through all shapes.
    pub kinds: &'static [Kind],
    /// Lengths and rows that end inside a word of 16-bit numbers, for each way to walk.
    pub odd: Shapes,
    /// A small shape for each way to walk: elements, rows, rows that are cut into chunks, positions.
    pub walks: Shapes,
    /// Shapes of one row and of none, where rows are compared with each other.
    pub lone_rows: Shapes,
    /// A shape without items, for the CPU twin alone: a GPU gets those of `kinds`.
    pub empty: Shape,
    /// A shape without items, for the GPU. An item would have two elements or classes.
    pub empty_items: Shape,
    /// Shapes of so few numbers that a test can change each by itself: with one item and with several, strided and contiguous,
    /// and without axes where the loss needs none.
    pub tiny: Layouts,
    /// A shape of two or three items whose second is masked.
    pub masked: Shape,
    /// A shape of few numbers. The test makes one of them NaN.
    pub unmasked: Shape,
    /// A shape of so few numbers that a definition in 320 bits is quick.
    pub digits: Shape,
    /// Shapes for gradients that overwrite their predictions, where the family allows that.
    pub in_place: Shapes,
    /// Shapes whose labels are read by several workgroups, for each way to read labels.
    pub labelled: Shapes,
    /// A shape of more rows, items or regions than the 65,535 workgroups that a dimension may have.
    pub many: Shape,
    /// Shapes of a thousand workgroups or more on a GPU, for each way to walk. A software driver gets fewer workgroups, but
    /// more than it has cores.
    pub repeated: Shapes,
    /// Few images of many pixels, pixels of many classes, and pixels whose classes lie together.
    pub pixels: Layouts,
    /// Numbers of classes that are so few that a lane keeps all classes of its pixels in registers.
    pub few_classes: &'static [usize],
    /// Rows and classes of shapes with many rows. Lanes keep a row in registers: one quad each in short rows, several each in
    /// rows that take a whole workgroup.
    pub many_rows: &'static [[usize; 2]],
    /// Shapes with items of more than a million elements, for losses whose items look up numbers of their own.
    pub long_items: Shapes,
    /// Shapes longer than a binding of 1 MiB, for each way to walk.
    pub beyond_a_binding: Layouts,
    /// Some of `beyond_a_binding`, for calls that are drawn, where the CPU twin has to be quick.
    pub drawn_beyond_a_binding: Layouts,
    /// Shapes longer than a binding of 160 KiB, for each way to walk. Every part that one workgroup needs fits such a binding.
    pub in_windows: Layouts,
    /// Rows, regions or positions that are cut into several chunks, whose states are merged.
    pub cut: Layouts,
    /// Shapes that are large enough for kernels whose lanes keep a row or the classes of their pixels.
    pub in_registers: Layouts,
    /// Nine items, which shards of 1, 6 and 2 add up to.
    pub batch: Shape,
}

const fn kind(name: &'static str, shapes: Shapes) -> Kind {
    Kind { name, shapes }
}

/// Elements: a lane takes one or four, a workgroup 256 lanes.
const ELEMENTS: Samples = Samples {
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
    in_windows: &[(&[203, 203], Second), (&[5, 9001], Second)],
    cut: &[],
    in_registers: &[],
    batch: &[9, 6],
};

/// Elements of sequences, which are rows: a workgroup takes one, or a chunk of one.
const SEQUENCES: Samples = Samples {
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
const ITEMS: Samples = Samples {
    tiny: &[(&[3, 4], Second), (&[1, 5], Second), (&[4], Second), (&[2, 2, 3], Second)],
    long_items: &[&[2, (1 << 20) + 5]],
    ..ELEMENTS
};

/// Elements of a loss with an option of several numbers, which lie along the last axis.
const COLUMNS: Samples = Samples {
    tiny: &[(&[6], Second), (&[2, 3], Second), (&[2, 1], Second)],
    in_windows: &[(&[9001, 5], Second)],
    ..ELEMENTS
};

/// Boxes: a lane reads all four corners, and no gradient overwrites its prediction.
const BOXES: Samples = Samples { digits: &[8], in_place: &[], in_windows: &[(&[10_007], Second)], ..ELEMENTS };

/// Sums of other losses, which have no walk of their own.
const COMPOSITES: Samples =
    Samples { in_place: &[], beyond_a_binding: &[], drawn_beyond_a_binding: &[], in_windows: &[], ..ELEMENTS };

/// Rows of vectors: a row to a lane, to several lanes or to a workgroup, or cut into chunks. Vectors of one coordinate have no
/// direction.
const VECTORS: Samples = Samples {
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
    in_windows: &[(&[603, 67], Second), (&[40, 1003], Second), (&[3, 17_000], Second)],
    cut: &[(&[2, 16_385], Second), (&[3, 17_000], Second)],
    ..ELEMENTS
};

/// Positions and their classes: rows, and pixels whose classes lie apart or together.
const CLASSES: Samples = Samples {
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
        // items that no binding holds, whose positions lanes share; one item alone
        (&[2, 1300, 219], Second),
        (&[1, 1300, 219], Second),
        (&[1, 31, 93, 97], Second),
    ],
    drawn_beyond_a_binding: &[(&[25_003, 21], Second), (&[9, 70_001], Second), (&[2, 40, 91, 97], Second)],
    in_windows: &[
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
const REGIONS: Samples = Samples {
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
    in_windows: &[
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

/// Rows against all other rows, in tiles of 64 by 64. Rows of one element have no direction.
const ALL_PAIRS: Samples = Samples {
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
    in_windows: &[(&[257, 65], Second), (&[200, 90], Second)],
    ..ELEMENTS
};

/// Rows against all others. Each row needs another row with its label and one with another label.
const HARDEST: Samples = Samples { tiny: &[(&[4, 3], Second), (&[3, 5], Second), (&[5, 2], Second)], ..ALL_PAIRS };

/// Rows against the classes of a projection, in tiles of 64 by 64.
const LINEAR: Samples = Samples { many: &[70_000, 3], repeated: &[&[9000, 40]], ..ALL_PAIRS };

/// Rows against the classes of a projection, which make up about as many segments as a segment has rows. There are segments only
/// where there are rows, and several pairs of them from five rows on.
const SEGMENTS: Samples = Samples {
    masked: &[9, 3],
    unmasked: &[9, 3],
    tiny: &[(&[6, 3], Second), (&[2, 4], Second), (&[9, 2], Second)],
    digits: &[9, 6],
    ..LINEAR
};

/// Channels: products of all pairs of an item's channels, summed over positions.
const CHANNELS: Samples = Samples {
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
    in_windows: &[(&[5, 12, 31, 37], Second), (&[5, 31, 37, 12], Last)],
    cut: &[(&[2, 5, 1025], Second), (&[3, 9, 2050], Second)],
    ..ELEMENTS
};

/// Alignments: steps, items and classes. An item has as many labels as half of its steps, up to ten.
const ALIGNMENTS: Samples = Samples {
    kinds: &[
        kind("no items, no steps", &[&[4, 0, 3], &[0, 2, 3]]),
        kind("one step", &[&[1, 1, 3], &[1, 3, 4]]),
        kind("few", &[&[5, 2, 3], &[8, 3, 5], &[24, 4, 7]]),
        kind("many classes", &[&[9, 3, 300], &[21, 2, 1000]]),
        kind("many items", &[&[6, 70, 5]]),
        kind("several blocks of steps", &[&[530, 2, 4], &[1100, 1, 3]]),
    ],
    odd: &[&[3, 1, 3], &[5, 3, 7], &[7, 1, 65]],
    walks: &[&[8, 3, 5], &[21, 2, 40]],
    empty: &[4, 0, 3],
    empty_items: &[4, 0, 3],
    tiny: &[(&[6, 2, 3], Second), (&[4, 1, 4], Second), (&[9, 2, 3], Second)],
    masked: &[6, 2, 3],
    unmasked: &[4, 2, 3],
    digits: &[8, 3, 4],
    in_place: &[],
    labelled: &[],
    many: &[2, 66_000, 3],
    repeated: &[&[40, 64, 20]],
    beyond_a_binding: &[(&[400, 3, 300], Second)],
    drawn_beyond_a_binding: &[(&[400, 3, 300], Second)],
    in_windows: &[(&[60, 3, 300], Second)],
    batch: &[6, 9, 3],
    ..ELEMENTS
};

/// The shapes of a loss's family.
pub fn samples(loss: &dyn Loss) -> &'static Samples {
    match loss.leaf() {
        Leaf::Pointwise(_) if loss.header().operands.iter().any(|spec| spec.role == Role::Index) => &ITEMS,
        Leaf::Pointwise(_) if loss.specs().iter().any(|spec| spec.kind == OptionKind::Numbers) => &COLUMNS,
        Leaf::Pointwise(_) if loss.header().reductions.contains(&Reduction::SequenceMean) => &SEQUENCES,
        Leaf::Pointwise(_) => &ELEMENTS,
        Leaf::Boxes(_) => &BOXES,
        Leaf::Composite(_) => &COMPOSITES,
        Leaf::Vectors(_) => &VECTORS,
        Leaf::Softmax(_) | Leaf::ClassSum(_) | Leaf::Divergence(_) => &CLASSES,
        Leaf::Region(_) => &REGIONS,
        Leaf::Similarity(_) => &ALL_PAIRS,
        Leaf::Hardest(_) => &HARDEST,
        Leaf::Linear(_) | Leaf::LinearDivergence(_) => &LINEAR,
        Leaf::Segments(_) => &SEGMENTS,
        Leaf::Gram(_) => &CHANNELS,
        Leaf::Neighbours(_) => &PICTURES,
        Leaf::Windows(leaf) if leaf.levels().is_empty() => &WINDOWS,
        Leaf::Windows(_) => &LEVELS,
        Leaf::Alignments(_) => &ALIGNMENTS,
    }
}
