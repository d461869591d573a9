// A block of derivatives with respect to products, four of a row to an entry; of all pairs only a block is held at a time.
@group(0) @binding(21) var<storage, read_write> slopes: array<vec4<f32>>;

// The entries of a row of `columns` slopes, rounded up to whole tiles. Slopes past the end are 0, since products take
// sixteen elements at a time.
fn slope_pitch(columns: u32) -> u32 {
    return ((columns + 63u) / 64u) * 16u;
}
