// Adds the sums of a block's tiles to the sums of whole rows; NaN if one of them is.
// needs: lib/math lib/params scratch/pulls scratch/slope_sums
@compute @workgroup_size(256)
fn tiles_pull(
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
    let place = pull_at(row);
    var pull = vec2<f32>(0.0);
    if params.block.fresh == 0u {
        pull = pulls[place];
    }
    var unknown = is_nan(pull.x);
    for (var tile = 0u; tile < tiles; tile += 1u) {
        let sum = slope_sums[params.block.first_sum + (tile * rows) + (row - params.block.own_first)];
        unknown = unknown | is_nan(sum.x);
        pull += sum;
    }
    pulls[place] = select(pull, vec2<f32>(nan()), unknown);
}
