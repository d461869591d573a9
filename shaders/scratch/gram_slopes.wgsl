// The derivatives of the loss with respect to the products of each item's channels.
@group(0) @binding(21) var<storage, read_write> gram_slopes: array<f32>;
