// The derivative of what stands for each row's cosine with its label's class, with respect to the cosine.
@group(0) @binding(23) var<storage, read_write> margin_slopes: array<f32>;
