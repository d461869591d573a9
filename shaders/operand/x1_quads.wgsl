// The second element operand, which begins at a quad: four elements are one load. Uses lib/component lib/params dtype/float dtype/quad.
@group(0) @binding(3) var<storage, read> x1: array<QuadOfWords>;

override X1_DTYPE: u32 = 0u;

fn x1_at(i: u32) -> f32 {
    let element = i + base(3u);
    let word = word_of(element, X1_DTYPE);
    return decode(word_at(words_of(x1[word >> 2u]), word & 3u), element, X1_DTYPE);
}

fn x1_four(i: u32) -> vec4<f32> {
    let element = i + base(3u);
    return decode_four(words_of(x1[word_of(element, X1_DTYPE) >> 2u]), element, X1_DTYPE);
}
