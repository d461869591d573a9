// The parts that a region's sums are merged from: the shards of a batch spread over devices.
// needs: lib/params operand/statistics geometry/region
fn region_parts() -> u32 {
    return params.shards;
}

fn region_part(region: u32, shard: u32) -> vec4<f32> {
    let at = 4u * ((shard * regions()) + region);
    return vec4<f32>(statistic_at(at), statistic_at(at + 1u), statistic_at(at + 2u), statistic_at(at + 3u));
}
