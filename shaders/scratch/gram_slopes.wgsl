// The derivatives with respect to the products of each item's channels.
@group(0) @binding(21) var<storage, read_write> gram_slopes: array<f32>;
