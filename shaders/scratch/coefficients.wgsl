// For each region, the factors of t and of 1 − t (if squared, of p − t) in the derivative of the loss with respect to p.
@group(0) @binding(19) var<storage, read_write> coefficients: array<vec2<f32>>;
