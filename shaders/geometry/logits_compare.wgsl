// Compares the classes of each row of a block with the whole row, and writes the sums over each 64 neighbouring classes to
// `chunk_states`. Four lanes share 64 classes.
// needs: lib/params fold/mixture scratch/states scratch/whole_states geometry/block_classes
var<workgroup> lane_sums: array<Sums, 256>;

@compute @workgroup_size(256)
fn logits_compare(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = lane_classes_at(workgroup_at(group, grid), lane);
    let end = select(0u, own.end, own.live);
    let whole = whole_of(whole_states[select(params.block.own_first, own.row, own.live)]);
    var sums = NO_SUMS;
    for (var k = own.first; k < end; k += 16u) {
        let four = four_logits(own.row, k);
        sum_class(whole, &sums, class_of_logits(four.x.x, four.t.x, k), true);
        sum_class(whole, &sums, class_of_logits(four.x.y, four.t.y, k + 1u), k + 1u < end);
        sum_class(whole, &sums, class_of_logits(four.x.z, four.t.z, k + 2u), k + 2u < end);
        sum_class(whole, &sums, class_of_logits(four.x.w, four.t.w, k + 3u), k + 3u < end);
    }
    lane_sums[lane] = sums;
    workgroupBarrier();
    if own.live & ((lane % 4u) == 0u) {
        let first = sums_merge(sums, lane_sums[lane + 1u]);
        let all = sums_merge(first, sums_merge(lane_sums[lane + 2u], lane_sums[lane + 3u]));
        chunk_states[own.chunk] = state_of_sums(all);
    }
}
