// For each row, the derivative of the label's cosine with its margin with respect to the cosine without it.
@group(0) @binding(23) var<storage, read_write> margin_slopes: array<f32>;
