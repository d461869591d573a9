// Products of the channels F of the input and T of the target, summed over chunks of positions: (F − T)·F′ for all chunks, then
// (F − T)·T′.
@group(0) @binding(18) var<storage, read_write> grams: array<f32>;
