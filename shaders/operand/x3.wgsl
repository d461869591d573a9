// The fourth element operand. Uses lib/component lib/params dtype/float.
@group(0) @binding(5) var<storage, read> x3: array<u32>;

override X3_DTYPE: u32 = 0u;

fn x3_at(i: u32) -> f32 {
    let element = i + base(5u);
    return decode(x3[word_of(element, X3_DTYPE)], element, X3_DTYPE);
}

fn x3_four(i: u32) -> vec4<f32> {
    return vec4<f32>(x3_at(i), x3_at(i + 1u), x3_at(i + 2u), x3_at(i + 3u));
}
