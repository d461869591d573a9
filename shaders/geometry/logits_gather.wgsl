// Writes to `chunk_states` the state of each row of a block over each 64 neighbouring classes, from two sweeps over the
// logits in memory. Four lanes share 64 classes.
// needs: lib/params fold/divergence scratch/states geometry/block_classes
var<workgroup> states: array<State, 256>;

@compute @workgroup_size(256)
fn logits_gather(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = lane_classes_at(workgroup_at(group, grid), lane);
    let end = select(0u, own.end, own.live);
    var state = fold_empty();
    for (var k = own.first; k < end; k += 16u) {
        let four = four_logits(own.row, k);
        absorb_masses(&state, class_of_logits(four.x.x, four.t.x, k), true);
        absorb_masses(&state, class_of_logits(four.x.y, four.t.y, k + 1u), k + 1u < end);
        absorb_masses(&state, class_of_logits(four.x.z, four.t.z, k + 2u), k + 2u < end);
        absorb_masses(&state, class_of_logits(four.x.w, four.t.w, k + 3u), k + 3u < end);
    }
    var second = second_sweep(state);
    for (var k = own.first; k < end; k += 16u) {
        let four = four_logits(own.row, k);
        compare_class(&second, class_of_logits(four.x.x, four.t.x, k), true);
        compare_class(&second, class_of_logits(four.x.y, four.t.y, k + 1u), k + 1u < end);
        compare_class(&second, class_of_logits(four.x.z, four.t.z, k + 2u), k + 2u < end);
        compare_class(&second, class_of_logits(four.x.w, four.t.w, k + 3u), k + 3u < end);
    }
    state = swept(state, second);
    states[lane] = state;
    workgroupBarrier();
    if own.live & ((lane % 4u) == 0u) {
        chunk_states[own.chunk] =
            fold_merge(fold_merge(state, states[lane + 1u]), fold_merge(states[lane + 2u], states[lane + 3u]));
    }
}
