// Writes to `pulls` the derivatives of each row's loss with respect to its hardest distances. If several rows are at the
// greatest distance, or at the least, the derivative is divided equally among them.
// needs: lib/math lib/params lib/workspace scratch/extremes scratch/pulls geometry/hardest
// slots: leaf upstream
@compute @workgroup_size(256)
fn hardest_pulls(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = (workgroup_at(group, grid) * 256u) + lane;
    if row >= params.items {
        return;
    }
    let state = extremes[row];
    var pull = Pull(state.farthest, state.nearest, 0.0, 0.0);
    if has_loss(state) {
        let score = hardest_score(HardestDistances(bitcast<f32>(state.farthest), bitcast<f32>(state.nearest)));
        let scale = scales().x * upstream_at(row);
        pull.of_farthest = part_of(score.d_positive, scale) / max(f32(state.farthest_count), 1.0);
        pull.of_nearest = part_of(score.d_negative, scale) / max(f32(state.nearest_count), 1.0);
        if unknown_loss(state) | is_nan(score.loss) {
            pull.farthest = UNKNOWN_PULL;
        }
    }
    pulls[row] = pull;
}
