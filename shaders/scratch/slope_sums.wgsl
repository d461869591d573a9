// The sums of each row of a tile of slopes: of derivative·product, and of derivatives with respect to scores.
@group(0) @binding(22) var<storage, read_write> slope_sums: array<vec2<f32>>;
