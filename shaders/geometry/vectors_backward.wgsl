// Rows of vectors too long for a workgroup, third stage: writes the gradients of each chunk.
// needs: lib/params lib/workspace scratch/row_states geometry/vectors
// slots: fold mask upstream
@compute @workgroup_size(256)
fn vectors_backward(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let row = workgroup / params.chunks;
    if row >= params.per_item {
        return;
    }
    let state = row_states[row * params.chunks];
    let known = fold_know(state);
    let begin = (row * params.classes) + ((workgroup % params.chunks) * params.chunk);
    let end = min(begin + params.chunk, (row + 1u) * params.classes);
    let scale = scales().x * upstream_at(row);
    let slopes = row_slopes(mask_at(row) != 0.0, state, known, score_of(row, state, known), scale);
    write_vectors(slopes, begin, end, lane, 256u);
}
