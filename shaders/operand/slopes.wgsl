// A block of derivatives with respect to products: what is held of all pairs at a time.
@group(0) @binding(21) var<storage, read_write> slopes: array<f32>;
