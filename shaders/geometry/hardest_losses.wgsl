// Scores each row from its hardest distances: tallies its loss, and writes the unreduced loss.
// needs: lib/math lib/params lib/tally lib/workspace scratch/extremes geometry/hardest
// slots: leaf losses sample_weight
@compute @workgroup_size(256)
fn hardest_losses(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let row = (workgroup * 256u) + lane;
    var tally = tally_none();
    if row < params.items {
        let state = extremes[row];
        if has_loss(state) {
            tally.count = count_at(row);
            tally.weight = 1.0;
            let d = HardestDistances(bitcast<f32>(state.farthest), bitcast<f32>(state.nearest));
            let loss = sampled(row, hardest_score(d).loss);
            if unknown_loss(state) | is_nan(loss) {
                tally.poison = 1u;
                emit_loss(row, nan());
            } else {
                tally.sum = loss;
                emit_loss(row, params.weight * loss);
            }
        } else {
            emit_loss(row, 0.0);
        }
    }
    let merged = tally_workgroup(tally, lane);
    if (workgroup * 256u < params.items) & (lane == 0u) {
        workspace.tallies[workgroup] = merged;
    }
}
