// Rows of vectors too long for a workgroup, first stage, once for each sweep: writes the state of each chunk.
// needs: lib/params scratch/row_states geometry/lanes geometry/vectors
// slots: fold

// which sweep this dispatch makes
override SWEEP: u32 = 0u;

@compute @workgroup_size(256)
fn vectors_gather(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) invocation: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let row = workgroup / params.chunks;
    let live = row < params.per_item;
    let chunks = select(0u, params.chunks, live);
    // the whole row's state after the sweep before
    var before = fold_empty();
    if SWEEP > 0u {
        for (var chunk = invocation; chunk < chunks; chunk += 256u) {
            before = fold_merge(before, row_states[(row * chunks) + chunk]);
        }
        before = merge_lanes(before, invocation);
    }
    var state = fold_empty();
    if live {
        let begin = (row * params.classes) + ((workgroup % params.chunks) * params.chunk);
        let end = min(begin + params.chunk, (row + 1u) * params.classes);
        state = absorb_vectors(SWEEP, fold_know(before), begin, end, invocation, 256u);
    }
    state = merge_lanes(state, invocation);
    if live & (invocation == 0u) {
        row_states[(SWEEP * params.per_item * params.chunks) + workgroup] = state;
    }
}
