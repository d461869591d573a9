// Sums of products of channels over chunks of positions: of all the input's chunks, then of the target's.
@group(0) @binding(18) var<storage, read_write> grams: array<f32>;
