// What a leaf of hardest pairs sees of a row, and what it returns.
struct HardestDistances {
    // the greatest distance to a row with the same label, and the least to a row with another
    positive: f32,
    negative: f32,
}

struct HardestScore {
    loss: f32,
    // the derivatives with respect to both distances
    d_positive: f32,
    d_negative: f32,
}
