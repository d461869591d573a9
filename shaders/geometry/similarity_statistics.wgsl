// Writes the statistics of one shard, for rows whose keys are spread over devices.
// needs: lib/params lib/tally lib/workspace scratch/whole_states geometry/shard_numbers geometry/state_numbers/softmax
@compute @workgroup_size(256)
fn similarity_statistics(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let row = (workgroup * 256u) + lane;
    if row >= params.items {
        return;
    }
    let state = whole_states[row];
    store_numbers(row, first_numbers(state), last_number(state), state.poison);
    if lane == 0u {
        // rows have no value before all shards are merged
        workspace.tallies[workgroup] = tally_none();
    }
}
