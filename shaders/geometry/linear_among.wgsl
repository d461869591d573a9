// Merges the states of each row over the shards that its classes are spread over, into `whole_states`; and writes its label's
// logit to `hits`.
// needs: lib/params scratch/hits scratch/whole_states fold/softmax geometry/shards
// slots: softmax_state state_numbers
@compute @workgroup_size(256)
fn linear_among(
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
        let poison = u32(of_shard(shard, row, 5u)) % FOUND;
        let own = state_of(first_of_shard(shard, row), of_shard(shard, row, 4u), poison);
        state = fold_merge(state, noted(own, notes_of_shard(shard, row)));
    }
    whole_states[row] = state;
    hits[row] = of_label(row, 6u);
}
