// For each row of a tile, the sum of the derivatives with respect to scores times their products, and the sum of these derivatives.
@group(0) @binding(9) var<storage, read_write> slope_sums: array<vec2<f32>>;
