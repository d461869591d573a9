// Rows that are cut into chunks, before a second walk over their classes: merges the states of each row's chunks.
// needs: lib/params geometry/places
// slots: whole
@compute @workgroup_size(256)
fn positions_merge(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let position = (workgroup_at(group, grid) * params.rounds) + lane;
    if (lane < params.rounds) & (position < positions()) {
        _ = merge_whole(position);
    }
}
