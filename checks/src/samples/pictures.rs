//! The shapes of pictures.

use super::elements::ELEMENTS;
use super::{Samples, kind};
use wgloss::ClassAxis::{Last, Second};

/// Pictures: pixels and their neighbours, in chunks of an item's elements.
pub(super) const PICTURES: Samples = Samples {
    kinds: &[
        kind("none at all", &[&[0, 2, 3, 4], &[2, 3, 0, 4], &[2, 0, 3, 4]]),
        kind("one pixel", &[&[1, 1, 1, 1], &[3, 1, 1, 1]]),
        kind("one row or column", &[&[1, 2, 1, 33], &[2, 3, 9, 1]]),
        kind("small", &[&[2, 3, 5, 7], &[1, 1, 2, 2]]),
        kind("around a workgroup", &[&[1, 1, 16, 16], &[2, 1, 15, 17], &[2, 3, 257, 2]]),
        kind("several chunks", &[&[1, 3, 67, 65], &[2, 1, 2, 4099]]),
    ],
    odd: &[&[1, 1, 1, 3], &[3, 1, 5, 13], &[1, 2, 3, 43]],
    walks: &[&[2, 2, 3, 4]],
    empty: &[0, 2, 3, 4],
    empty_items: &[0, 1, 1, 2],
    tiny: &[(&[2, 1, 2, 3], Second), (&[1, 2, 3, 2], Second), (&[1, 3, 2, 2], Last)],
    masked: &[2, 1, 1, 2],
    unmasked: &[2, 1, 2, 2],
    digits: &[2, 2, 3, 3],
    in_place: &[],
    labelled: &[],
    many: &[70_000, 1, 1, 3],
    repeated: &[&[8, 4, 128, 256]],
    beyond_a_binding: &[(&[3, 2, 401, 403], Second), (&[2, 401, 203, 5], Last)],
    drawn_beyond_a_binding: &[(&[3, 2, 401, 403], Second)],
    batch: &[9, 2, 3, 4],
    ..ELEMENTS
};

/// Windows of pictures: tiles of 16 by 16 windows. Tests narrow the windows where a picture is smaller.
pub(super) const WINDOWS: Samples = Samples {
    kinds: &[
        kind("no pictures", &[&[0, 2, 12, 11]]),
        kind("one pixel, one window", &[&[1, 1, 1, 1], &[3, 1, 11, 11]]),
        kind("narrow", &[&[1, 2, 1, 33], &[2, 3, 9, 5]]),
        kind("a tile", &[&[2, 3, 13, 17], &[1, 1, 26, 26]]),
        kind("around a tile", &[&[1, 2, 27, 27], &[2, 1, 25, 28]]),
        kind("several tiles", &[&[1, 1, 60, 45], &[2, 2, 12, 77]]),
    ],
    odd: &[&[1, 1, 1, 3], &[3, 1, 5, 13], &[1, 2, 3, 43]],
    walks: &[&[2, 2, 3, 4]],
    empty: &[0, 2, 3, 4],
    empty_items: &[0, 1, 1, 2],
    tiny: &[(&[2, 1, 4, 3], Second), (&[1, 2, 5, 6], Second), (&[1, 3, 4, 2], Last)],
    unmasked: &[2, 1, 3, 3],
    digits: &[2, 2, 3, 4],
    many: &[70_000, 1, 1, 3],
    repeated: &[&[4, 2, 128, 160]],
    beyond_a_binding: &[(&[1, 1, 701, 501], Second), (&[3, 91, 301, 4], Last), (&[5, 3, 150, 160], Second)],
    drawn_beyond_a_binding: &[(&[5, 3, 150, 160], Second)],
    batch: &[9, 2, 3, 4],
    ..PICTURES
};

/// Windows of pictures at five levels. A window of three pixels needs sides of 33, one of eleven pixels sides of 161. In
/// smaller pictures, a window is one pixel.
pub(super) const LEVELS: Samples = Samples {
    kinds: &[
        kind("no pictures", &[&[0, 2, 33, 34]]),
        kind("one pixel, one window", &[&[1, 1, 1, 1], &[3, 1, 33, 33]]),
        kind("narrow", &[&[1, 2, 1, 33], &[2, 3, 9, 5]]),
        kind("odd sides", &[&[1, 2, 35, 63], &[2, 1, 49, 34]]),
        kind("several tiles", &[&[1, 1, 67, 81], &[2, 2, 36, 77]]),
    ],
    odd: &[&[1, 1, 1, 3], &[3, 1, 33, 35]],
    walks: &[&[2, 2, 33, 34]],
    digits: &[1, 2, 3, 4],
    // a dispatch takes as many planes as there is memory for, so that none has very many workgroups; these take several rounds
    many: &[3000, 1, 1, 3],
    repeated: &[&[4, 2, 128, 160]],
    // the levels of a plane have to fit a binding, also where the plane itself does not
    beyond_a_binding: &[(&[1, 1, 551, 601], Second), (&[5, 91, 301, 2], Last), (&[6, 3, 150, 100], Second)],
    drawn_beyond_a_binding: &[(&[6, 3, 150, 100], Second)],
    beyond_a_small_binding: &[(&[2, 3, 120, 160], Second)],
    ..WINDOWS
};
