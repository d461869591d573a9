// Merges what a region's sums come in, by a workgroup, or by a lane where that is little.
// needs: geometry/region_lanes
// slots: region_parts

// whether a region is one lane's
override ALONE: bool = false;

// The sums, for the lane whose region it is: the first of a workgroup where it is all lanes'.
fn region_merged(region: u32, live: bool, lane: u32) -> vec4<f32> {
    let parts = select(0u, region_parts(), live);
    var own = vec4<f32>(0.0);
    for (var part = select(lane, 0u, ALONE); part < parts; part += select(256u, 1u, ALONE)) {
        own += region_part(region, part);
    }
    if !ALONE {
        own = lanes_sum(own, lane);
    }
    return own;
}
