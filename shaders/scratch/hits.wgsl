// The logit of each row's label.
@group(0) @binding(20) var<storage, read_write> hits: array<f32>;
