// The parts that a region's sums are merged from: its chunks.
// needs: lib/params scratch/sums geometry/region

// With BATCH a region has the chunks of all items.
fn region_parts() -> u32 {
    return params.chunks * select(1u, params.items, BATCH);
}

fn region_part(region: u32, chunk: u32) -> vec4<f32> {
    // sums lie by item, then chunk, then class; with BATCH the chunks of all items make one range
    let first = (region / params.classes) * region_parts();
    return region_sums[((first + chunk) * params.classes) + (region % params.classes)];
}
