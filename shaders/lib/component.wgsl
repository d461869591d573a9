// Reads and writes components of vectors at an index known only at run time, by selects.
//
// HLSL's older compiler, FXC, rejects a write to v[k]. It reads v[k] as a product with a row of the identity matrix, so
// that a NaN or an infinity in one component would make every component NaN.

const COMPONENTS: vec4<u32> = vec4<u32>(0u, 1u, 2u, 3u);

fn float_at(v: vec4<f32>, k: u32) -> f32 {
    return select(select(v.x, v.y, k == 1u), select(v.z, v.w, k == 3u), k > 1u);
}

fn word_at(v: vec4<u32>, k: u32) -> u32 {
    return select(select(v.x, v.y, k == 1u), select(v.z, v.w, k == 3u), k > 1u);
}

fn flag_at(v: vec4<bool>, k: u32) -> bool {
    return any(v & (COMPONENTS == vec4<u32>(k)));
}

fn with_float_at(v: vec4<f32>, k: u32, x: f32) -> vec4<f32> {
    return select(v, vec4<f32>(x), COMPONENTS == vec4<u32>(k));
}

fn with_word_at(v: vec4<u32>, k: u32, x: u32) -> vec4<u32> {
    return select(v, vec4<u32>(x), COMPONENTS == vec4<u32>(k));
}

// The columns of a matrix as an array, so that a loop can index them.
fn columns(m: mat4x4<f32>) -> array<vec4<f32>, 4> {
    return array<vec4<f32>, 4>(m[0], m[1], m[2], m[3]);
}
