// What each row is multiplied by: one over its norm or 1, 0 where the norm is, NaN where an element is not finite.
@group(0) @binding(15) var<storage, read_write> factors: array<f32>;
