// Tallies the count and the weight of the values that take part: gradients need a mean's denominator before the walk.
// needs: lib/params lib/tally lib/workspace
// slots: items mask sample_weight weight

// whether a value belongs to an item rather than to an element
override BY_ITEM: bool = false;

@compute @workgroup_size(256)
fn elements_count(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let start = workgroup * params.count_chunk;
    let live = workgroup < params.count_tallies;
    let end = select(0u, min(start + params.count_chunk, params.block.own_end), live);
    var tally = tally_none();
    for (var i = start + lane; i < end; i += 256u) {
        // an item whose label is bad takes no part
        let known = item_at(select(0u, i, BY_ITEM)).w != 0.0;
        if (mask_at(i) != 0.0) & known {
            tally.weight += sampled(i, weight_at(i));
            tally.count += count_at(i);
        }
    }
    let merged = tally_workgroup(tally, lane);
    if live & (lane == 0u) {
        workspace.tallies[workgroup] = merged;
    }
}
