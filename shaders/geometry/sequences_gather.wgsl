// Stores in `items_out`, for each sequence, the numbers that the leaf computes from the mean over the elements that take part,
// and 1 over how many these are. A workgroup takes a sequence.
// needs: lib/math lib/params
// slots: mask sequence_number
@group(0) @binding(18) var<storage, read_write> items_out: array<vec4<f32>>;

// the sum, how many elements take part, and how many of their summands are NaN
var<workgroup> lane_sums: array<vec3<f32>, 256>;

@compute @workgroup_size(256)
fn sequences_gather(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let sequence = workgroup_at(group, grid);
    let live = sequence < params.items;
    let first = select(0u, sequence * params.per_item, live);
    let end = select(0u, first + params.per_item, live);
    var sum = vec3<f32>(0.0);
    for (var i = first + lane; i < end; i += 1024u) {
        // sums four first, so that the long sum has fewer steps
        var few = vec3<f32>(0.0);
        for (var k = 0u; k < 4u; k += 1u) {
            let element = i + (256u * k);
            if element < end {
                let x = sequence_summand(element);
                let number = vec3<f32>(x, 1.0, select(0.0, 1.0, is_nan(x)));
                few += select(vec3<f32>(0.0), number, mask_at(element) != 0.0);
            }
        }
        sum += few;
    }
    lane_sums[lane] = sum;
    workgroupBarrier();
    for (var k = 0u; k < 8u; k += 1u) {
        let width = 128u >> k;
        if lane < width {
            lane_sums[lane] += lane_sums[lane + width];
        }
        workgroupBarrier();
    }
    if live & (lane == 0u) {
        let total = lane_sums[0];
        let count = max(total.y, 1.0);
        let mean = total.x / count;
        let unknown = (total.z > 0.0) | is_nan(mean);
        let numbers = select(sequence_numbers(mean), vec3<f32>(nan()), unknown);
        items_out[sequence] = vec4<f32>(numbers, 1.0 / count);
    }
}
