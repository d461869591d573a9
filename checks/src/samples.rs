//! The shapes that tests of each family of losses go through, each list once and by its purpose. The tables of the families
//! are in the modules.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

#[path = "samples/alignments.rs"]
mod alignments;
#[path = "samples/classes.rs"]
mod classes;
#[path = "samples/elements.rs"]
mod elements;
#[path = "samples/pictures.rs"]
mod pictures;
#[path = "samples/rows.rs"]
mod rows;

use alignments::ALIGNMENTS;
use classes::{CHANNELS, CLASSES, REGIONS};
use elements::{BOXES, COLUMNS, COMPOSITES, ELEMENTS, ITEMS, SEQUENCES};
use pictures::{LEVELS, PICTURES, WINDOWS};
use rows::{ALL_PAIRS, HARDEST, LINEAR, SEGMENTS, VECTORS};
use wgloss::ClassAxis;
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

/// Shapes on one side of a size at which the library takes another kernel, or around that size.
#[derive(Debug)]
pub struct Kind {
    /// Which sizes these are, in a few words.
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
    /// A shape without items, for the GPU. No other axis is empty.
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
    pub beyond_a_small_binding: Layouts,
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
