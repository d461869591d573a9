// For each step and item, the log-probability by which the others of the step are divided, NaN if one of them is unknown.
@group(0) @binding(18) var<storage, read_write> peaks: array<f32>;
