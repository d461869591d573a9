// Rows that are cut into chunks, first stage: writes the state of each chunk of a row's classes.
// needs: lib/params scratch/states geometry/class_axis geometry/places
// slots: fold labels sweeps
// how many lanes walk a contiguous range of a chunk together
override TEAM: u32 = 256u;

var<workgroup> states: array<State, 256>;

@compute @workgroup_size(256)
fn positions_gather(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let position = workgroup / params.chunks;
    let stretch = (params.chunk / 256u) * TEAM;
    let begin = ((workgroup % params.chunks) * params.chunk) + ((lane / TEAM) * stretch);
    let live = position < positions();
    var state = fold_empty();
    if live {
        let end = min(begin + stretch, params.classes);
        let label = target_label(position);
        let first = first_class(position);
        state = absorb_classes(fold_empty(), first, label, label_class_of(first, label), begin, end, lane % TEAM, TEAM);
    }
    states[lane] = state;
    workgroupBarrier();
    if lane < 16u {
        for (var other = lane + 16u; other < 256u; other += 16u) {
            state = fold_merge(state, states[other]);
        }
        states[lane] = state;
    }
    workgroupBarrier();
    // lane 0, by comparison with a parameter: if FXC knew that lane is 0, it would take seconds to compile this
    if live & (lane < (params.sixteen >> 4u)) {
        for (var other = lane + 1u; other < params.sixteen; other += 1u) {
            state = fold_merge(state, states[other]);
        }
        chunk_states[workgroup] = state;
    }
}
