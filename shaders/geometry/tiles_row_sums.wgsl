// Adds the sums of a block's tiles, `slope_sums`, to those of whole rows, `row_sums`; these are NaN if one summand is.
// needs: lib/math lib/params scratch/row_sums scratch/slope_sums
@compute @workgroup_size(256)
fn tiles_row_sums(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = params.block.own_first + (workgroup_at(group, grid) * 256u) + lane;
    if row >= params.block.own_end {
        return;
    }
    let rows = params.block.own_end - params.block.own_first;
    let tiles = (params.block.other_end - params.block.other_first + 63u) / 64u;
    let place = row_sum_at(row);
    var row_sum = vec2<f32>(0.0);
    if params.block.fresh == 0u {
        row_sum = row_sums[place];
    }
    var unknown = is_nan(row_sum.x);
    for (var tile = 0u; tile < tiles; tile += 1u) {
        let sum = slope_sums[params.block.first_sum + (tile * rows) + (row - params.block.own_first)];
        unknown = unknown | is_nan(sum.x);
        row_sum += sum;
    }
    row_sums[place] = select(row_sum, vec2<f32>(nan()), unknown);
}
