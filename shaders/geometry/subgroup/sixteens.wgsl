// A subgroup of sixteen lanes, each of which holds one of sixteen other rows (the others).
const WIDTH: u32 = 16u;

// Returns a number of each of sixteen others, in quads. Lane i holds that of the other i, in `x`.
fn quads_of(held: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        vec4<f32>(subgroupBroadcast(held.x, 0u), subgroupBroadcast(held.x, 1u), subgroupBroadcast(held.x, 2u), subgroupBroadcast(held.x, 3u)),
        vec4<f32>(subgroupBroadcast(held.x, 4u), subgroupBroadcast(held.x, 5u), subgroupBroadcast(held.x, 6u), subgroupBroadcast(held.x, 7u)),
        vec4<f32>(subgroupBroadcast(held.x, 8u), subgroupBroadcast(held.x, 9u), subgroupBroadcast(held.x, 10u), subgroupBroadcast(held.x, 11u)),
        vec4<f32>(subgroupBroadcast(held.x, 12u), subgroupBroadcast(held.x, 13u), subgroupBroadcast(held.x, 14u), subgroupBroadcast(held.x, 15u)),
    );
}

// quads_at_e returns element e, of four neighbouring ones, of sixteen others, in quads. Lane i holds element i % 4 of the quad
// i/4, in its first vector.
fn quads_at_0(held: mat4x4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        subgroupBroadcast(held[0], 0u),
        subgroupBroadcast(held[0], 4u),
        subgroupBroadcast(held[0], 8u),
        subgroupBroadcast(held[0], 12u),
    );
}

fn quads_at_1(held: mat4x4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        subgroupBroadcast(held[0], 1u),
        subgroupBroadcast(held[0], 5u),
        subgroupBroadcast(held[0], 9u),
        subgroupBroadcast(held[0], 13u),
    );
}

fn quads_at_2(held: mat4x4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        subgroupBroadcast(held[0], 2u),
        subgroupBroadcast(held[0], 6u),
        subgroupBroadcast(held[0], 10u),
        subgroupBroadcast(held[0], 14u),
    );
}

fn quads_at_3(held: mat4x4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        subgroupBroadcast(held[0], 3u),
        subgroupBroadcast(held[0], 7u),
        subgroupBroadcast(held[0], 11u),
        subgroupBroadcast(held[0], 15u),
    );
}
