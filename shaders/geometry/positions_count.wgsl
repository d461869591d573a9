// Tallies the count and the weight of the positions that take part: gradients need a mean's denominators before the walk.
// needs: lib/params lib/tally lib/workspace
// slots: label_weight labels mask sample_weight
@compute @workgroup_size(256)
fn positions_count(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let count = params.items * params.per_item;
    let start = workgroup * params.count_chunk;
    let end = min(start + params.count_chunk, count);
    var tally = tally_none();
    for (var position = start + lane; position < end; position += 256u) {
        let label = target_label(position);
        if label.kept & (mask_at(position) != 0.0) {
            tally.count += count_at(position);
            tally.weight += sampled(position, label_weight(position, label));
        }
    }
    let merged = tally_workgroup(tally, lane);
    if (start < count) & (lane == 0u) {
        workspace.tallies[workgroup] = merged;
    }
}
