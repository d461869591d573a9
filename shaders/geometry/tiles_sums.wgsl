// Writes the gradient of a number that each row of the own side adds to all its scores, such as the bias of a class.
// needs: lib/params scratch/row_sums
// slots: dx0
@compute @workgroup_size(256)
fn tiles_sums(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = params.block.own_first + (workgroup_at(group, grid) * 256u) + lane;
    if row < params.block.own_end {
        store_dx0(row, row_sums[row_sum_at(row)].y);
    }
}
