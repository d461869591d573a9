// Adds to each own row in `products` the other rows of a block, each times its slope.
// needs: lib/component lib/params scratch/products geometry/lane_products
// slots: tile_products

// The sums so far of a quad of columns in the four rows from `row` on: a column of the matrix for each column of the quad.
fn products_from(row: u32, column: u32) -> mat4x4<f32> {
    var four: array<vec4<f32>, 4>;
    if (params.block.fresh == 0u) & (column < params.block.width) {
        for (var i = 0u; i < 4u; i += 1u) {
            if row + i < params.block.own_end {
                four[i] = products[product_at(row + i) + (column / 4u)];
            }
        }
    }
    return transpose(mat4x4<f32>(four[0], four[1], four[2], four[3]));
}

fn leave_products(row: u32, column: u32, sums: mat4x4<f32>) {
    var four = columns(transpose(sums));
    if column < params.block.width {
        for (var i = 0u; i < 4u; i += 1u) {
            if row + i < params.block.own_end {
                products[product_at(row + i) + (column / 4u)] = four[i];
            }
        }
    }
}

@compute @workgroup_size(64)
fn tiles_product(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = workgroup_at(group, grid);
    let tiles = (params.block.width + 63u) / 64u;
    let first_own = params.block.own_first + (64u * (place / tiles));
    let first_column = 64u * (place % tiles);
    let own = first_own + lane_own(lane);
    let a = first_column + lane_other(lane, 0u);
    let b = first_column + lane_other(lane, 1u);
    let c = first_column + lane_other(lane, 2u);
    let d = first_column + lane_other(lane, 3u);
    let start = Products(products_from(own, a), products_from(own, b), products_from(own, c), products_from(own, d));
    let sums =
        tile_products(start, first_own, first_column, params.block.other_first, params.block.other_end, lane);
    leave_products(own, a, sums.a);
    leave_products(own, b, sums.b);
    leave_products(own, c, sums.c);
    leave_products(own, d, sums.d);
}
