// Computes the mean of a table's numbers, and stores in `items_out` the numbers that the leaf computes from it for all
// elements.
// needs: lib/math lib/params operand/table
// slots: leaf
@group(0) @binding(18) var<storage, read_write> items_out: array<vec4<f32>>;

var<workgroup> lane_sums: array<f32, 256>;

@compute @workgroup_size(256)
fn items_mean(@builtin(local_invocation_index) lane: u32) {
    // a walk over elements has no classes, so `classes` holds how many numbers the table has
    let count = params.classes;
    var sum = 0.0;
    for (var i = lane; i < count; i += 256u) {
        sum += table_at(i);
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
    if lane == 0u {
        let total = lane_sums[0];
        let unknown = is_nan(total) | is_infinite(total) | (count == 0u);
        let of_all = element_item(total / f32(max(count, 1u)));
        items_out[0] = vec4<f32>(select(of_all, vec3<f32>(nan()), unknown), 1.0);
    }
}
