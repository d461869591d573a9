// The third element operand, which begins at a quad: four elements are one load. Uses lib/component lib/params dtype/float dtype/quad.
@group(0) @binding(4) var<storage, read> x2: array<QuadOfWords>;

override X2_DTYPE: u32 = 0u;

fn x2_at(i: u32) -> f32 {
    let element = i + base(4u);
    let word = word_of(element, X2_DTYPE);
    return decode(word_at(words_of(x2[word >> 2u]), word & 3u), element, X2_DTYPE);
}

fn x2_four(i: u32) -> vec4<f32> {
    let element = i + base(4u);
    return decode_four(words_of(x2[word_of(element, X2_DTYPE) >> 2u]), element, X2_DTYPE);
}
