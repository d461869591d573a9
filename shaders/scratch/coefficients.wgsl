// For each region, two factors in the derivative of the loss with respect to p: those of t and of 1 − t; if p and t are squared,
// those of t and of p − t.
@group(0) @binding(19) var<storage, read_write> coefficients: array<vec2<f32>>;
