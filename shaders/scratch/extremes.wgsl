// For each row, its greatest distance to a row with the same label, and its least to a row with another.
struct Extremes {
    // the bits of the greatest distance to a row with the same label, and how many rows have it; distances are not negative,
    // so that their bits have their order, whatever a compiler assumes of infinities
    farthest: u32,
    farthest_count: u32,
    // the same of the least distance to a row with another label
    nearest: u32,
    nearest_count: u32,
    flags: u32,
}

@group(0) @binding(18) var<storage, read_write> extremes: array<Extremes>;

// the row has a row with the same label, and one with another
const HAS_POSITIVE: u32 = 1u;
const HAS_NEGATIVE: u32 = 2u;
// a row that it is compared with is not finite; the row itself is not
const UNKNOWN_OTHER: u32 = 4u;
const UNKNOWN_OWN: u32 = 8u;

// Whether a row has a loss. A row without either kind of pair has none, unless the row itself is unknown: then its loss is NaN.
fn has_loss(state: Extremes) -> bool {
    let both = HAS_POSITIVE | HAS_NEGATIVE;
    return ((state.flags & both) == both) | ((state.flags & UNKNOWN_OWN) != 0u);
}

// Whether the loss of a row that has one is unknown.
fn unknown_loss(state: Extremes) -> bool {
    return (state.flags & (UNKNOWN_OTHER | UNKNOWN_OWN)) != 0u;
}
