// Merges the parts of a region's sums, which are chunks or shards: by a workgroup, or by one lane if they are few.
// needs: geometry/region_lanes
// slots: region_parts

// whether one lane merges a region alone
override ALONE: bool = false;

// The sums of a region. With ALONE, each lane merges its own region. Otherwise the workgroup merges one, and lane 0 has the
// result.
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
