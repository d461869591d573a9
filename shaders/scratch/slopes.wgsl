// Slopes: the derivatives of the loss with respect to the products of own rows and other rows, four of an own row to an entry.
// Only one block of all pairs is held at a time.
// needs: lib/params
@group(0) @binding(21) var<storage, read_write> slopes: array<vec4<f32>>;

// The number of entries for a row of `columns` slopes, rounded up to whole tiles. Slopes past the end are 0, since products
// take sixteen elements at a time.
fn slope_pitch(columns: u32) -> u32 {
    return ((columns + 63u) / 64u) * 16u;
}

// The entry of a row of the block and the quad of others at `other`.
fn slope_at(own: u32, other: u32) -> u32 {
    let pitch = slope_pitch(params.block.other_end - params.block.other_first);
    return ((own - params.block.own_first) * pitch) + ((other - params.block.other_first) / 4u);
}
