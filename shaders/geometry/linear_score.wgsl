// Scores each row of a linear layer from its merged state: tallies its loss, and observes it.
// needs: lib/params lib/tally lib/workspace geometry/positions_tally
// slots: fold labels mask observation whole
@compute @workgroup_size(256)
fn linear_score(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let row = (workgroup * 256u) + lane;
    var tally = tally_none();
    if row < params.items {
        let label = target_label(row);
        let state = merged_whole(row);
        let s = finish_position(state, whole_label_class(row, label));
        let kept = label.kept & (mask_at(row) != 0.0);
        tally_position(row, label, kept, s, score_position(s), &tally);
        observe_position(row, label, kept, state, s);
    }
    let merged = tally_workgroup(tally, lane);
    if (workgroup * 256u < params.items) & (lane == 0u) {
        workspace.tallies[workgroup] = merged;
    }
    observe_workgroup(workgroup, workgroup * 256u < params.items, lane);
}
