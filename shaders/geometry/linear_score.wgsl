// Scores each row of a linear layer from its merged state: tallies its loss, and observes it.
// needs: lib/params lib/tally lib/workspace geometry/positions_tally
// slots: fold labels mask observation whole
@compute @workgroup_size(256)
fn linear_score(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile = workgroup_at(group, grid);
    let row = (tile * 256u) + lane;
    var tally = tally_none();
    if row < params.items {
        let label = target_label(row);
        let state = merged_whole(row);
        let s = finish_place(state, whole_place(row, label));
        let kept = label.kept & (mask_at(row) != 0.0);
        tally_position(row, label, kept, s, score_place(s), &tally);
        observe_position(row, label, kept, state, s);
    }
    let merged = tally_workgroup(tally, lane);
    if (tile * 256u < params.items) & (lane == 0u) {
        workspace.tallies[tile] = merged;
    }
    observe_tile(tile, tile * 256u < params.items, lane);
}
