// For each step and item, the greatest log-probability of a class (the blank's, if the item has no labels), which is subtracted
// from those of all classes; NaN if one of them is NaN or +∞.
@group(0) @binding(18) var<storage, read_write> peaks: array<f32>;
