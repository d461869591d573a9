// Rows too long for a workgroup, third stage: the gradient of each chunk. Uses lib/component lib/params lib/math lib/class lib/label lib/tally lib/workspace dtype/float operand/x0 operand/labels absent/class_weight absent/mask absent/upstream absent/dx0 operand/states fold/softmax fold/softmax_classes losses/softmax/cross_entropy geometry/places geometry/class_axis geometry/row_read geometry/whole_of_chunks geometry/positions_write.
// how many lanes walk a contiguous piece of a chunk together
override TEAM: u32 = 256u;

@compute @workgroup_size(256)
fn positions_scatter(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile = workgroup_at(group, grid);
    let position = tile / params.chunks;
    if position >= positions() {
        return;
    }
    let label = target_label(position);
    let first = first_class(position);
    let s = finish_place(merged_whole(position), whole_place(position, label));
    let piece = (params.chunk / 256u) * TEAM;
    let begin = ((tile % params.chunks) * params.chunk) + ((lane / TEAM) * piece);
    let end = min(begin + piece, params.classes);
    let slopes = slopes_of(s, score_place(s), scales() * upstream_at(position));
    write_classes(first, begin, end, lane % TEAM, TEAM, takes_part(position, label), label, s, slopes);
}
