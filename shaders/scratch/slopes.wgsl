// A block of derivatives with respect to products, four of a row to an entry: what is held of all pairs at a time.
@group(0) @binding(21) var<storage, read_write> slopes: array<vec4<f32>>;

// The entries of a row of so many, whose last are filled up with zeros: products run over sixteen at a time.
fn slope_pitch(columns: u32) -> u32 {
    return ((columns + 63u) / 64u) * 16u;
}
