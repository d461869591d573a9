// A target of one float for each element.
// needs: lib/params dtype/float
@group(0) @binding(14) var<storage, read> dense: array<u32>;

override DENSE_DTYPE: u32 = 0u;

fn target_at(i: u32) -> f32 {
    let element = i + base(14u);
    return decode(dense[word_of(element, DENSE_DTYPE)], element, DENSE_DTYPE);
}

fn target_four(i: u32) -> vec4<f32> {
    return vec4<f32>(target_at(i), target_at(i + 1u), target_at(i + 2u), target_at(i + 3u));
}
