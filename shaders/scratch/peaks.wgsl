// For each step and item, the log-probability that is subtracted from all of them; NaN if one of them is NaN or +∞.
@group(0) @binding(18) var<storage, read_write> peaks: array<f32>;
