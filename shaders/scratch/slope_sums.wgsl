// For each row of a tile, the sum of derivative·product, and the sum of the derivatives with respect to scores.
@group(0) @binding(9) var<storage, read_write> slope_sums: array<vec2<f32>>;
