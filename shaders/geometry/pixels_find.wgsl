// Keeps the label's logit of each position whose classes are walked in ranges, if the label's class is in this range.
// needs: lib/params geometry/places
// slots: label_logits labels softcap x0
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
            keep_logit(position, capped(x0_at(first_class(position) + (index * params.class_stride))));
        }
    }
}
