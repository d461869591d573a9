// Merges what a region's sums come in, by a workgroup. Uses lib/params operand/sums lib/label operand/labels geometry/places geometry/region geometry/region_chunks.
var<workgroup> lanes: array<vec4<f32>, 256>;

// The first lane gets the sums.
fn region_merged(region: u32, live: bool, lane: u32) -> vec4<f32> {
    let parts = select(0u, region_parts(), live);
    var own = vec4<f32>(0.0);
    for (var part = lane; part < parts; part += 256u) {
        own += region_part(region, part);
    }
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
