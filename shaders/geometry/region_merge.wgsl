// Merges what a region's sums come in, by a workgroup. Uses lib/params operand/sums lib/label operand/labels geometry/places geometry/region geometry/region_chunks geometry/region_lanes.

// The first lane gets the sums.
fn region_merged(region: u32, live: bool, lane: u32) -> vec4<f32> {
    let parts = select(0u, region_parts(), live);
    var own = vec4<f32>(0.0);
    for (var part = lane; part < parts; part += 256u) {
        own += region_part(region, part);
    }
    return lanes_sum(own, lane);
}
