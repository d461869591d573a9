// Writes the tensors of what is observed of each position, its predicted class and its label's log-probability, from
// `observed_positions`, where the walk has kept both.
// needs: lib/params scratch/observed_positions/kept
// slots: log_prob predicted
@compute @workgroup_size(256)
fn observed_tensors(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let position = (workgroup_at(group, grid) * 256u) + lane;
    if position >= params.block.own_end {
        return;
    }
    let seen = observed_position(position);
    store_predicted(position, seen.predicted);
    store_log_prob(position, seen.log_prob);
}
