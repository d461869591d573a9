// Positions whose classes are gone through range by range: the prediction for each one's label, where its class is in the range. Uses lib/component lib/params lib/math lib/class lib/label dtype/float operand/x0 operand/labels absent/class_weight absent/mask fold/softmax fold/softmax_classes losses/softmax/cross_entropy geometry/places geometry/class_axis operand/pixel_states.
@compute @workgroup_size(256)
fn pixels_find(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let span = positions_of(workgroup_at(group, grid));
    for (var position = span.x + lane; position < span.y; position += 256u) {
        let index = target_label(position).index;
        if (index >= params.block.other_first) & (index < params.block.other_end) {
            keep_logit(position, x0_at(first_class(position) + (index * params.class_stride)));
        }
    }
}
