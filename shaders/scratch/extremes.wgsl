// For each row, its greatest distance to a row with the same label, and its least distance to a row with another label.
struct Extremes {
    // the bits of the greatest distance to a row with the same label, and how many rows are at that distance; distances are not
    // negative, so that comparing bits compares them, whatever a compiler assumes of infinities
    farthest: u32,
    farthest_count: u32,
    // the same of the least distance to a row with another label
    nearest: u32,
    nearest_count: u32,
    flags: u32,
}

@group(0) @binding(18) var<storage, read_write> extremes: array<Extremes>;

// flags: the row has been compared with a row of the same label; with a row of another label
const HAS_POSITIVE: u32 = 1u;
const HAS_NEGATIVE: u32 = 2u;
// flags: a row that it was compared with is not finite; the row itself is not finite
const UNKNOWN_OTHER: u32 = 4u;
const UNKNOWN_OWN: u32 = 8u;

// Whether a row has a loss. A row that lacks either kind of pair has none, unless the row itself is not finite: then its loss
// is NaN.
fn has_loss(state: Extremes) -> bool {
    let both = HAS_POSITIVE | HAS_NEGATIVE;
    return ((state.flags & both) == both) | ((state.flags & UNKNOWN_OWN) != 0u);
}

// Whether the loss of a row that has one is unknown.
fn unknown_loss(state: Extremes) -> bool {
    return (state.flags & (UNKNOWN_OTHER | UNKNOWN_OWN)) != 0u;
}
