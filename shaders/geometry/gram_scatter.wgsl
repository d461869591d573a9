// The gradient of an item's channels: each channel times the slopes of its products. Uses lib/params lib/math dtype/float operand/x1 operand/factors operand/slopes operand/dx0 geometry/row_elements geometry/slopes_channels geometry/tiles.
fn store_four(row: u32, rows: u32, position: u32, four: vec4<f32>) {
    let positions = select(0u, params.per_item, row < rows);
    if position < positions {
        store_dx0(element_of(row, position), four.x);
    }
    if position + 1u < positions {
        store_dx0(element_of(row, position + 1u), four.y);
    }
    if position + 2u < positions {
        store_dx0(element_of(row, position + 2u), four.z);
    }
    if position + 3u < positions {
        store_dx0(element_of(row, position + 3u), four.w);
    }
}

@compute @workgroup_size(256)
fn gram_scatter(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = workgroup_at(group, grid);
    let across = (params.per_item + 63u) / 64u;
    let down = (params.classes + 63u) / 64u;
    let column = place % across;
    let row = (place / across) % down;
    let item = place / (across * down);
    let first = min(item, params.items) * params.classes;
    let end = min(item + 1u, params.items) * params.classes;
    if lane == 0u {
        atomicStore(&unknown, 0u);
    }
    workgroupBarrier();
    let dots = tile_products(
        mat4x4<f32>(), first + (64u * row), end, 64u * column, params.per_item, first, end, lane
    );
    let own = first + (64u * row) + (4u * (lane / 16u));
    let position = (64u * column) + (4u * (lane % 16u));
    // a product with what is not known: every channel of the item has one
    let nothing = vec4<f32>(nan());
    let all_unknown = atomicLoad(&unknown) != 0u;
    store_four(own, end, position, select(dots[0], nothing, all_unknown));
    store_four(own + 1u, end, position, select(dots[1], nothing, all_unknown));
    store_four(own + 2u, end, position, select(dots[2], nothing, all_unknown));
    store_four(own + 3u, end, position, select(dots[3], nothing, all_unknown));
}
