// Adds to each row the others' rows, each times its slope. Uses lib/params lib/math dtype/float operand/x1 operand/factors operand/slopes operand/products geometry/slopes_rows geometry/tiles.
fn products_at(row: u32, column: u32) -> u32 {
    return ((row - params.block.own_first) * params.per_item) + column;
}

fn load_four(row: u32, column: u32) -> vec4<f32> {
    var four = vec4<f32>(0.0);
    let width = select(0u, params.per_item, (row < params.block.own_end) && (params.block.fresh == 0u));
    if column < width {
        four.x = products[products_at(row, column)];
    }
    if column + 1u < width {
        four.y = products[products_at(row, column + 1u)];
    }
    if column + 2u < width {
        four.z = products[products_at(row, column + 2u)];
    }
    if column + 3u < width {
        four.w = products[products_at(row, column + 3u)];
    }
    return four;
}

fn store_four(row: u32, column: u32, four: vec4<f32>) {
    let width = select(0u, params.per_item, row < params.block.own_end);
    if column < width {
        products[products_at(row, column)] = four.x;
    }
    if column + 1u < width {
        products[products_at(row, column + 1u)] = four.y;
    }
    if column + 2u < width {
        products[products_at(row, column + 2u)] = four.z;
    }
    if column + 3u < width {
        products[products_at(row, column + 3u)] = four.w;
    }
}

@compute @workgroup_size(256)
fn tiles_product(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = workgroup_at(group, grid);
    let tiles = (params.per_item + 63u) / 64u;
    let first_own = params.block.own_first + (64u * (place / tiles));
    let first_column = 64u * (place % tiles);
    let own = first_own + (4u * (lane / 16u));
    let column = first_column + (4u * (lane % 16u));
    let before = mat4x4<f32>(
        load_four(own, column), load_four(own + 1u, column), load_four(own + 2u, column), load_four(own + 3u, column)
    );
    let after = tile_products(
        before,
        first_own,
        params.block.own_end,
        first_column,
        params.per_item,
        params.block.other_first,
        params.block.other_end,
        lane,
    );
    store_four(own, column, after[0]);
    store_four(own + 1u, column, after[1]);
    store_four(own + 2u, column, after[2]);
    store_four(own + 3u, column, after[3]);
}
