// Rows of vectors too long for a workgroup, second stage: merges the states of each row's chunks, and scores it.
// needs: lib/params lib/tally lib/workspace scratch/row_states geometry/vectors
// slots: fold mask
@compute @workgroup_size(256)
fn rows_score(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let row = (workgroup * 256u) + lane;
    var tally = tally_none();
    if row < params.per_item {
        var state = fold_empty();
        for (var sweep = 0u; sweep < SWEEPS; sweep += 1u) {
            let first = ((sweep * params.per_item) + row) * params.chunks;
            for (var chunk = 0u; chunk < params.chunks; chunk += 1u) {
                state = fold_merge(state, row_states[first + chunk]);
            }
        }
        // stores the whole row's state in the place of its first chunk's, for the third stage
        row_states[row * params.chunks] = state;
        tally_row(row, mask_at(row) != 0.0, score_of(row, state, fold_know(state)), &tally);
    }
    let merged = tally_workgroup(tally, lane);
    if (workgroup * 256u < params.per_item) & (lane == 0u) {
        workspace.tallies[workgroup] = merged;
    }
}
