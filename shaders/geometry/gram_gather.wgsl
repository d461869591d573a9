// Writes to `grams` the products of channels, summed over a chunk of positions: (input − target) with the input, or in another
// dispatch with the target. Subtracting the finished products of input and target would cancel.
// needs: lib/component lib/params scratch/grams geometry/lane_products
// slots: tile_products
@compute @workgroup_size(64)
fn gram_gather(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = workgroup_at(group, grid);
    let tiles = (params.classes + 63u) / 64u;
    let first_column = 64u * (place % tiles);
    let first_row = 64u * ((place / tiles) % tiles);
    let item = (place / (tiles * tiles)) % params.items;
    let chunk = place / (tiles * tiles * params.items);
    // workgroups past the last chunk have no positions, but have to reach the barriers of the products
    let begin = min(chunk * params.chunk, params.per_item);
    let end = min(begin + params.chunk, params.per_item);
    let first = item * params.classes;
    let sums = tile_products(no_products(), first + first_row, first + first_column, begin, end, lane);
    if chunk >= params.chunks {
        return;
    }
    let matrix = (((params.block.first_chunk + chunk) * params.items) + item) * params.classes * params.classes;
    let row = first_row + lane_own(lane);
    var by_column = products_by_other(sums);
    for (var e = 0u; e < 16u; e += 1u) {
        let column = first_column + lane_other(lane, e / 4u) + (e % 4u);
        let four = by_column[e];
        for (var i = 0u; i < 4u; i += 1u) {
            if (row + i < params.classes) & (column < params.classes) {
                grams[matrix + ((row + i) * params.classes) + column] = float_at(four, i);
            }
        }
    }
}
