// Products of channels F and T, summed over chunks of positions: (F − T)·F′ for all chunks, then (F − T)·T′.
@group(0) @binding(18) var<storage, read_write> grams: array<f32>;
