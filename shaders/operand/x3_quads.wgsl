// The fourth element operand, which begins at a quad: four elements are one load. Uses lib/component lib/params dtype/float dtype/quad.
@group(0) @binding(5) var<storage, read> x3: array<QuadOfWords>;

override X3_DTYPE: u32 = 0u;

fn x3_at(i: u32) -> f32 {
    let element = i + base(5u);
    let word = word_of(element, X3_DTYPE);
    return decode(word_at(words_of(x3[word >> 2u]), word & 3u), element, X3_DTYPE);
}

fn x3_four(i: u32) -> vec4<f32> {
    let element = i + base(5u);
    return decode_four(words_of(x3[word_of(element, X3_DTYPE) >> 2u]), element, X3_DTYPE);
}
