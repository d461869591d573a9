// The sums of each class over each chunk of positions: pt, p, t, and whether there is a NaN among them.
@group(0) @binding(16) var<storage, read_write> region_sums: array<vec4<f32>>;
