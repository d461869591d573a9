// Rows that are cut into chunks, second stage: merges the states of each row's chunks or shards, and scores it.
// needs: lib/params lib/tally lib/workspace geometry/class_axis geometry/places geometry/positions_tally
// slots: fold labels observation whole
@compute @workgroup_size(256)
fn positions_score(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let position = (workgroup * params.rounds) + lane;
    var tally = tally_none();
    if (lane < params.rounds) & (position < positions()) {
        let label = target_label(position);
        let kept = takes_part(position, label);
        let state = merge_whole(position);
        let s = finish_position(state, whole_label_class(position, label));
        tally_position(position, label, kept, s, score_position(s), &tally);
        observe_position(position, label, kept, state, s);
    }
    let merged = tally_workgroup(tally, lane);
    if (workgroup * params.rounds < positions()) & (lane == 0u) {
        workspace.tallies[workgroup] = merged;
    }
    observe_workgroup(workgroup, workgroup * params.rounds < positions(), lane);
}
