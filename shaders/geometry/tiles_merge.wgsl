// Merges the chunks of each row into `whole_states`, after those that earlier dispatches have merged.
// needs: lib/params scratch/states scratch/whole_states
// slots: chunk_merge
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
    let place = params.block.own_base + row;
    var state = merge_none();
    if params.block.fresh == 0u {
        state = whole_states[place];
    }
    for (var chunk = 0u; chunk < params.block.chunks; chunk += 1u) {
        state = merge_two(state, chunk_states[first + chunk]);
    }
    whole_states[place] = state;
}
