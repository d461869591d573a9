// For each row, the sum over the others of slope times the other's row; four columns to an entry.
// needs: lib/params
@group(0) @binding(8) var<storage, read_write> products: array<vec4<f32>>;

// The entry at which a row begins.
fn product_at(row: u32) -> u32 {
    return (params.block.first_product + (row - params.block.own_first)) * ((params.block.width + 3u) / 4u);
}
