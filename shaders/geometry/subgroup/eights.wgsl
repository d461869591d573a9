// A subgroup of eight lanes, each of which holds two of sixteen other rows (the others).
const WIDTH: u32 = 8u;

// Returns a number of each of sixteen others, in quads. Lane i holds those of the others i and i + 8, in `x` and `y`.
fn quads_of(held: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        vec4<f32>(subgroupBroadcast(held.x, 0u), subgroupBroadcast(held.x, 1u), subgroupBroadcast(held.x, 2u), subgroupBroadcast(held.x, 3u)),
        vec4<f32>(subgroupBroadcast(held.x, 4u), subgroupBroadcast(held.x, 5u), subgroupBroadcast(held.x, 6u), subgroupBroadcast(held.x, 7u)),
        vec4<f32>(subgroupBroadcast(held.y, 0u), subgroupBroadcast(held.y, 1u), subgroupBroadcast(held.y, 2u), subgroupBroadcast(held.y, 3u)),
        vec4<f32>(subgroupBroadcast(held.y, 4u), subgroupBroadcast(held.y, 5u), subgroupBroadcast(held.y, 6u), subgroupBroadcast(held.y, 7u)),
    );
}

// quads_at_e returns element e, of four neighbouring ones, of sixteen others, in quads. Lane i holds element i % 4 of the quad
// i/4 in its first vector, and of the quad i/4 + 2 in its second.
fn quads_at_0(held: mat4x4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        subgroupBroadcast(held[0], 0u),
        subgroupBroadcast(held[0], 4u),
        subgroupBroadcast(held[1], 0u),
        subgroupBroadcast(held[1], 4u),
    );
}

fn quads_at_1(held: mat4x4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        subgroupBroadcast(held[0], 1u),
        subgroupBroadcast(held[0], 5u),
        subgroupBroadcast(held[1], 1u),
        subgroupBroadcast(held[1], 5u),
    );
}

fn quads_at_2(held: mat4x4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        subgroupBroadcast(held[0], 2u),
        subgroupBroadcast(held[0], 6u),
        subgroupBroadcast(held[1], 2u),
        subgroupBroadcast(held[1], 6u),
    );
}

fn quads_at_3(held: mat4x4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        subgroupBroadcast(held[0], 3u),
        subgroupBroadcast(held[0], 7u),
        subgroupBroadcast(held[1], 3u),
        subgroupBroadcast(held[1], 7u),
    );
}
