// A subgroup of four lanes, each of which holds four of sixteen other rows (the others).
const WIDTH: u32 = 4u;

// Returns a number of each of sixteen others, in quads. Lane i holds those of the others i, i + 4, i + 8 and i + 12, in `x` to
// `w`.
fn quads_of(held: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        vec4<f32>(subgroupBroadcast(held.x, 0u), subgroupBroadcast(held.x, 1u), subgroupBroadcast(held.x, 2u), subgroupBroadcast(held.x, 3u)),
        vec4<f32>(subgroupBroadcast(held.y, 0u), subgroupBroadcast(held.y, 1u), subgroupBroadcast(held.y, 2u), subgroupBroadcast(held.y, 3u)),
        vec4<f32>(subgroupBroadcast(held.z, 0u), subgroupBroadcast(held.z, 1u), subgroupBroadcast(held.z, 2u), subgroupBroadcast(held.z, 3u)),
        vec4<f32>(subgroupBroadcast(held.w, 0u), subgroupBroadcast(held.w, 1u), subgroupBroadcast(held.w, 2u), subgroupBroadcast(held.w, 3u)),
    );
}

// quads_at_e returns element e, of four neighbouring ones, of sixteen others, in quads. Lane i holds element i of all four
// quads, a vector for each.
fn quads_at_0(held: mat4x4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        subgroupBroadcast(held[0], 0u),
        subgroupBroadcast(held[1], 0u),
        subgroupBroadcast(held[2], 0u),
        subgroupBroadcast(held[3], 0u),
    );
}

fn quads_at_1(held: mat4x4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        subgroupBroadcast(held[0], 1u),
        subgroupBroadcast(held[1], 1u),
        subgroupBroadcast(held[2], 1u),
        subgroupBroadcast(held[3], 1u),
    );
}

fn quads_at_2(held: mat4x4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        subgroupBroadcast(held[0], 2u),
        subgroupBroadcast(held[1], 2u),
        subgroupBroadcast(held[2], 2u),
        subgroupBroadcast(held[3], 2u),
    );
}

fn quads_at_3(held: mat4x4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        subgroupBroadcast(held[0], 3u),
        subgroupBroadcast(held[1], 3u),
        subgroupBroadcast(held[2], 3u),
        subgroupBroadcast(held[3], 3u),
    );
}
