// A target of one integer for each element, which is read as a float.
// needs: lib/params dtype/integer
@group(0) @binding(14) var<storage, read> dense: array<u32>;

override DENSE_DTYPE: u32 = 0u;

fn target_at(i: u32) -> f32 {
    let element = i + base(14u);
    let low = dense[word_of_integer(element, DENSE_DTYPE)];
    return decode_integer(low, dense[last_word_of_integer(element, DENSE_DTYPE)], element, DENSE_DTYPE);
}

fn target_four(i: u32) -> vec4<f32> {
    return vec4<f32>(target_at(i), target_at(i + 1u), target_at(i + 2u), target_at(i + 3u));
}
