// Writes the gradient of each item's channels: the derivatives with respect to the products of channels (slopes), times the
// channels, in tiles of 64 channels and 64 positions.
// needs: lib/component lib/params geometry/lane_products geometry/row_elements
// slots: dx0 tile_products tile_rows
@compute @workgroup_size(64)
fn gram_backward(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = workgroup_at(group, grid);
    let across = (params.per_item + 63u) / 64u;
    let down = (params.classes + 63u) / 64u;
    let first_position = 64u * (place % across);
    let item = place / (across * down);
    let first = min(item, params.items) * params.classes;
    let end = min(item + 1u, params.items) * params.classes;
    let first_row = first + (64u * ((place / across) % down));
    walked = item;
    first_walked = first_row;
    if lane < 2u {
        atomicStore(&unknown[lane], 0u);
    }
    workgroupBarrier();
    let sums = tile_products(no_products(), first_row, first_position, first, end, lane);
    workgroupBarrier();
    // a channel with a NaN slope has a gradient of NaN; beside a channel with a NaN, all have one
    let own = lane_own(lane);
    let row = first_row + own;
    let bits = atomicLoad(&unknown[own / 32u]) >> (own % 32u);
    let unknown_rows = (vec4<u32>(bits) & vec4<u32>(1u, 2u, 4u, 8u)) != vec4<u32>(0u);
    var by_position = products_by_other(sums);
    for (var e = 0u; e < 16u; e += 1u) {
        let position = first_position + lane_other(lane, e / 4u) + (e % 4u);
        let four = select(by_position[e], vec4<f32>(nan()), unknown_rows);
        for (var i = 0u; i < 4u; i += 1u) {
            if (row + i < end) & (position < params.per_item) {
                store_dx0(element_of(row + i, position), float_at(four, i));
            }
        }
    }
}
