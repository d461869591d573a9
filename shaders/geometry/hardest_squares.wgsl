// Writes to `distances` the squared distances of a block's rows from its others, in tiles.
// needs: lib/component lib/params scratch/distances geometry/lane_products
// slots: tile_products
@compute @workgroup_size(64)
fn hardest_squares(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = workgroup_at(group, grid);
    let across = (params.block.other_end - params.block.other_first + 63u) / 64u;
    let first_own = params.block.own_first + (64u * (place / across));
    let first_other = params.block.other_first + (64u * (place % across));
    let sums = tile_products(no_products(), first_own, first_other, 0u, params.block.width, lane);
    var by_other = products_by_other(sums);
    let own = first_own + lane_own(lane);
    for (var e = 0u; e < 16u; e += 1u) {
        let other = first_other + lane_other(lane, e / 4u) + (e % 4u);
        let four = by_other[e];
        for (var i = 0u; i < 4u; i += 1u) {
            if (own + i < params.block.own_end) & (other < params.block.other_end) {
                distances[distance_at(own + i, other)] = float_at(four, i);
            }
        }
    }
}
