// The second element operand. Uses lib/component lib/params dtype/float.
@group(0) @binding(3) var<storage, read> x1: array<u32>;

override X1_DTYPE: u32 = 0u;

fn x1_at(i: u32) -> f32 {
    let element = i + base(3u);
    return decode(x1[word_of(element, X1_DTYPE)], element, X1_DTYPE);
}

fn x1_four(i: u32) -> vec4<f32> {
    return vec4<f32>(x1_at(i), x1_at(i + 1u), x1_at(i + 2u), x1_at(i + 3u));
}
