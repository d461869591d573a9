// The products of slopes with the rows that they are the slopes of.
@group(0) @binding(8) var<storage, read_write> products: array<f32>;
