// Rows that are cut into chunks, second walk over their classes: compares them with the whole row, and writes the sums of each
// chunk.
// needs: lib/params fold/mixture scratch/states geometry/places geometry/sum_classes
// slots: labels
// how many lanes walk a contiguous range of a chunk together
override TEAM: u32 = 256u;

var<workgroup> lane_sums: array<Sums, 256>;

@compute @workgroup_size(256)
fn positions_compare(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let position = workgroup / params.chunks;
    let stretch = (params.chunk / 256u) * TEAM;
    let begin = ((workgroup % params.chunks) * params.chunk) + ((lane / TEAM) * stretch);
    let live = position < positions();
    var sums = NO_SUMS;
    if live {
        let end = min(begin + stretch, params.classes);
        let state = chunk_states[position * params.chunks];
        sums = sum_classes(sums, state, first_class(position), target_label(position), begin, end, lane % TEAM, TEAM);
    }
    lane_sums[lane] = sums;
    workgroupBarrier();
    if lane < 16u {
        for (var other = lane + 16u; other < 256u; other += 16u) {
            sums = sums_merge(sums, lane_sums[other]);
        }
    }
    workgroupBarrier();
    lane_sums[lane] = sums;
    workgroupBarrier();
    if live & (lane == 0u) {
        for (var other = 1u; other < params.sixteen; other += 1u) {
            sums = sums_merge(sums, lane_sums[other]);
        }
        // behind the states of all chunks
        chunk_states[(positions() * params.chunks) + workgroup] = state_of_sums(sums);
    }
}
