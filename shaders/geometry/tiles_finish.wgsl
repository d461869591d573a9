// Writes the gradient of rows, from `products` and `row_sums`. If rows were divided by their norms, it is taken through that
// division.
// needs: lib/component lib/math lib/params scratch/factors scratch/products scratch/row_sums
// slots: dx0 logit_scale x0

// whether rows were divided by their norms
override NORMALIZE: bool = false;

@compute @workgroup_size(256)
fn tiles_finish(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = (workgroup_at(group, grid) * 256u) + lane;
    let row = params.block.own_first + (i / params.block.width);
    if row >= params.block.own_end {
        return;
    }
    let column = i % params.block.width;
    let element = (row * params.block.width) + column;
    let row_sum = row_sums[row_sum_at(row)];
    let factor = factors[params.block.own_base + row];
    var d = float_at(products[product_at(row) + (column / 4u)], column % 4u);
    // a row below the least norm was divided by a constant instead
    if NORMALIZE & (factor < 1e8) {
        d -= (product_scale() * row_sum.x) * (factor * x0_at(element));
    }
    // a row that is not finite has a gradient of 0 if it is compared with no other; else its row_sum is NaN
    let gradient = select(factor * d, 0.0, is_nan(factor));
    store_dx0(element, select(gradient, nan(), is_nan(row_sum.x)));
}
