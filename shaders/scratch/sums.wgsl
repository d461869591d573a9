// The sums of each class over each chunk of positions: true positives, false positives, false negatives, and a flag for NaN.
@group(0) @binding(16) var<storage, read_write> region_sums: array<vec4<f32>>;
