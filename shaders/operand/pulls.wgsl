// The same sums of whole rows, NaN where a derivative is.
@group(0) @binding(23) var<storage, read_write> pulls: array<vec2<f32>>;
