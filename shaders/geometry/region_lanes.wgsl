// Sums over the lanes of a workgroup, sixteen at a time, since a barrier costs more than fifteen additions.
var<workgroup> lanes: array<vec4<f32>, 256>;

// Lane 0 gets the sum.
fn lanes_sum(of_lane: vec4<f32>, lane: u32) -> vec4<f32> {
    var own = of_lane;
    lanes[lane] = own;
    workgroupBarrier();
    if lane < 16u {
        for (var i = lane + 16u; i < 256u; i += 16u) {
            own += lanes[i];
        }
        lanes[lane] = own;
    }
    workgroupBarrier();
    if lane == 0u {
        for (var i = 1u; i < 16u; i += 1u) {
            own += lanes[i];
        }
    }
    return own;
}
