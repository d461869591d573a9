// Merges the states of each row over the shards that its keys are spread over, into `whole_states`.
// needs: lib/params scratch/whole_states fold/softmax geometry/shards geometry/state_numbers/softmax
// slots: softmax_state
@compute @workgroup_size(256)
fn similarity_among(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = (workgroup_at(group, grid) * 256u) + lane;
    if row >= params.items {
        return;
    }
    var state = fold_empty();
    for (var shard = 0u; shard < params.shards; shard += 1u) {
        let poison = u32(of_shard(shard, row, 5u));
        state = fold_merge(state, state_of(first_of_shard(shard, row), of_shard(shard, row, 4u), poison));
    }
    whole_states[row] = state;
}
