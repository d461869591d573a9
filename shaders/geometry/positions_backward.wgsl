// Rows that are cut into chunks, third stage: writes the gradient of each chunk of a row's classes.
// needs: lib/params lib/workspace geometry/class_axis geometry/places geometry/positions_write
// slots: fold labels upstream whole
// how many lanes walk a contiguous range of a chunk together
override TEAM: u32 = 256u;

@compute @workgroup_size(256)
fn positions_backward(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let position = workgroup / params.chunks;
    if position >= positions() {
        return;
    }
    let label = target_label(position);
    let first = first_class(position);
    let s = finish_position(merged_whole(position), whole_label_class(position, label));
    let stretch = (params.chunk / 256u) * TEAM;
    let begin = ((workgroup % params.chunks) * params.chunk) + ((lane / TEAM) * stretch);
    let end = min(begin + stretch, params.classes);
    let slopes = slopes_of(s, score_position(s), scales() * upstream_at(position));
    write_classes(first, begin, end, lane % TEAM, TEAM, takes_part(position, label), label, s, slopes);
}
