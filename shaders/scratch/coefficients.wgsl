// What each region's sums came to in the gradient: the slopes of pt and p.
@group(0) @binding(19) var<storage, read_write> coefficients: array<vec2<f32>>;
