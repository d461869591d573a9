// For each own row, a sum over the other rows, four columns to an entry: of slope·(other row); or for hardest pairs, of
// derivative·(own row − other row)/distance, with the derivative of the loss with respect to the distance.
// needs: lib/params
@group(0) @binding(8) var<storage, read_write> products: array<vec4<f32>>;

// The entry at which a row begins.
fn product_at(row: u32) -> u32 {
    return (params.block.first_product + (row - params.block.own_first)) * ((params.block.width + 3u) / 4u);
}
