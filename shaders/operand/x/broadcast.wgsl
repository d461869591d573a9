// An element operand that is broadcast from a tensor with fewer axes, or with axes of length 1. Written for x0; the linker
// makes x1, x2 and x3 from it.
// needs: lib/broadcast lib/params dtype/float
@group(0) @binding(2) var<storage, read> x0: array<u32>;

override X0_DTYPE: u32 = 0u;

fn x0_at(i: u32) -> f32 {
    let element = broadcast_from_base(2u, i) + base(2u);
    return decode(x0[word_of(element, X0_DTYPE)], element, X0_DTYPE);
}

fn x0_four(i: u32) -> vec4<f32> {
    return vec4<f32>(x0_at(i), x0_at(i + 1u), x0_at(i + 2u), x0_at(i + 3u));
}
