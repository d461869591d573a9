// A subgroup of eight lanes, each of which holds two of sixteen others.
const WIDTH: u32 = 8u;

// The quads of sixteen others. A lane's first component is of the other with the lane's number, its second of the one 8 further on.
fn quads_of(held: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        vec4<f32>(subgroupBroadcast(held.x, 0u), subgroupBroadcast(held.x, 1u), subgroupBroadcast(held.x, 2u), subgroupBroadcast(held.x, 3u)),
        vec4<f32>(subgroupBroadcast(held.x, 4u), subgroupBroadcast(held.x, 5u), subgroupBroadcast(held.x, 6u), subgroupBroadcast(held.x, 7u)),
        vec4<f32>(subgroupBroadcast(held.y, 0u), subgroupBroadcast(held.y, 1u), subgroupBroadcast(held.y, 2u), subgroupBroadcast(held.y, 3u)),
        vec4<f32>(subgroupBroadcast(held.y, 4u), subgroupBroadcast(held.y, 5u), subgroupBroadcast(held.y, 6u), subgroupBroadcast(held.y, 7u)),
    );
}

// The quads of sixteen others at one of four neighbouring elements. A lane's number modulo 4 is the element that it holds; its
// first vector is of the first two quads, its second of the others.
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
