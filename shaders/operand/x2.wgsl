// The third element operand. Uses lib/component lib/params dtype/float.
@group(0) @binding(4) var<storage, read> x2: array<u32>;

override X2_DTYPE: u32 = 0u;

fn x2_at(i: u32) -> f32 {
    let element = i + base(4u);
    return decode(x2[word_of(element, X2_DTYPE)], element, X2_DTYPE);
}

fn x2_four(i: u32) -> vec4<f32> {
    return vec4<f32>(x2_at(i), x2_at(i + 1u), x2_at(i + 2u), x2_at(i + 3u));
}
