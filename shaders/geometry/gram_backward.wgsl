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
    if lane == 0u {
        atomicStore(&unknown, 0u);
    }
    workgroupBarrier();
    let sums = tile_products(no_products(), first_row, first_position, first, end, lane);
    workgroupBarrier();
    // if one slope is NaN, the gradients of the whole item are: a channel with a NaN has a NaN slope with every other channel
    let all_unknown = atomicLoad(&unknown) != 0u;
    let row = first_row + lane_own(lane);
    var by_position = products_by_other(sums);
    for (var e = 0u; e < 16u; e += 1u) {
        let position = first_position + lane_other(lane, e / 4u) + (e % 4u);
        let four = select(by_position[e], vec4<f32>(nan()), vec4<bool>(all_unknown));
        for (var i = 0u; i < 4u; i += 1u) {
            if (row + i < end) & (position < params.per_item) {
                store_dx0(element_of(row + i, position), float_at(four, i));
            }
        }
    }
}
