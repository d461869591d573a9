// Sums the derivatives of a workgroup's elements with respect to the mean over their sequence.
// needs: lib/math lib/params scratch/sequence_slopes

// the sum, and how many of its summands are NaN
var<private> slope_sum: vec2<f32>;

var<workgroup> slopes_of_lanes: array<vec2<f32>, 256>;

fn note_slopes(d: vec4<f32>) {
    slope_sum += vec2<f32>((d.x + d.y) + (d.z + d.w), select(0.0, 1.0, any(are_nan(d))));
}

// Stores the sum of the workgroup. Sixteen lanes sum first, then one sums the sixteen.
fn keep_slopes(workgroup: u32, live: bool, lane: u32) {
    var sum = slope_sum;
    slopes_of_lanes[lane] = sum;
    workgroupBarrier();
    if lane < 16u {
        for (var i = lane + 16u; i < 256u; i += 16u) {
            sum += slopes_of_lanes[i];
        }
        slopes_of_lanes[lane] = sum;
    }
    workgroupBarrier();
    if live & (lane == 0u) {
        for (var i = 1u; i < 16u; i += 1u) {
            sum += slopes_of_lanes[i];
        }
        sequence_slopes[workgroup] = select(sum.x, nan(), sum.y > 0.0);
    }
}
