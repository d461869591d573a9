//! The shapes of alignments, whose first axis is that of steps.

use super::elements::ELEMENTS;
use super::{Samples, kind};
use wgloss::ClassAxis::Second;

/// Alignments: steps, items and classes. An item has at most half as many labels as steps, and at most ten.
pub(super) const ALIGNMENTS: Samples = Samples {
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
    beyond_a_small_binding: &[(&[60, 3, 300], Second)],
    batch: &[6, 9, 3],
    ..ELEMENTS
};
