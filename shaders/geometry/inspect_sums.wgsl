// Finds the first position whose probabilities do not add up to 1, among those that take part. A workgroup takes 16 positions,
// each with 16 lanes, which add up its classes; it stores its first such position and the sum in `faults`.
// needs: lib/fault lib/params
// slots: inspected x0

// how far a sum may be off
override TOLERANCE: f32 = 0.001;

var<workgroup> class_sums: array<f32, 256>;

@compute @workgroup_size(256)
fn inspect_sums(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = workgroup_at(group, grid);
    let position = params.block.own_first + (own * 16u) + (lane & 15u);
    let inside = position < params.block.own_end;
    let first = ((position / params.block.step) * params.block.plane) + (position % params.block.step);
    var sum = 0.0;
    if inside {
        for (var k = lane >> 4u; k < params.block.width; k += 16u) {
            sum += x0_at(first + (k * params.block.step));
        }
    }
    class_sums[lane] = sum;
    workgroupBarrier();
    var place = NO_PLACE;
    if (lane < 16u) & inside {
        for (var i = lane + 16u; i < 256u; i += 16u) {
            sum += class_sums[i];
        }
        // a sum with a NaN need not be found here: the inspection of the elements finds the NaN
        if abs(sum - 1.0) > TOLERANCE {
            if is_inspected(first) {
                place = params.block.other_first + position;
            }
        }
    }
    if own < params.block.chunks {
        store_first_fault(params.block.first_chunk + own, place, sum, lane);
    }
}
