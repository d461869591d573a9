// Where the elements of the rows of tiles lie.
// needs: lib/params

// whether rows are the channels of items, rather than contiguous rows
override CHANNELS: bool = false;

fn element_of(row: u32, k: u32) -> u32 {
    if CHANNELS {
        let item = row / params.classes;
        let channel = row % params.classes;
        return (item * params.classes * params.per_item) + (channel * params.class_stride) + (k * params.position_stride);
    }
    return (row * params.block.width) + k;
}

// The four elements from the k-th on, with 0 for those at or past `end`.
fn before(x: vec4<f32>, k: u32, end: u32) -> vec4<f32> {
    return select(vec4<f32>(0.0), x, (vec4<u32>(k) + vec4<u32>(0u, 1u, 2u, 3u)) < vec4<u32>(end));
}
