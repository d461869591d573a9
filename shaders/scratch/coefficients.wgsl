// The gradient's coefficients of each region: the factors of t and of 1 − t in the derivative with respect to p.
@group(0) @binding(19) var<storage, read_write> coefficients: array<vec2<f32>>;
