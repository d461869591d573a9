// Merges the chunks of each row.
// needs: lib/params scratch/states scratch/whole_states fold/softmax
// slots: softmax_state
@compute @workgroup_size(256)
fn tiles_merge(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = params.block.own_first + (workgroup_at(group, grid) * 256u) + lane;
    if row >= params.block.own_end {
        return;
    }
    let first = (row - params.block.own_first) * params.block.chunks;
    var state = fold_empty();
    for (var chunk = 0u; chunk < params.block.chunks; chunk += 1u) {
        state = fold_merge(state, chunk_states[first + chunk]);
    }
    whole_states[params.block.own_base + row] = state;
}
