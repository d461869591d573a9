// Tallies the count and the weight of the items that take part: gradients need a mean's denominator before the walk.
// needs: lib/params lib/tally lib/workspace scratch/spans
// slots: sample_weight
@compute @workgroup_size(256)
fn alignments_count(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let start = workgroup * params.count_chunk;
    let live = workgroup < params.count_tallies;
    let end = select(0u, min(start + params.count_chunk, params.items), live);
    var tally = tally_none();
    for (var item = start + lane; item < end; item += 256u) {
        if spans[item].live != 0u {
            tally.weight += sampled(item, 1.0);
            tally.count += count_at(item);
        }
    }
    let merged = tally_workgroup(tally, lane);
    if live & (lane == 0u) {
        workspace.tallies[workgroup] = merged;
    }
}
