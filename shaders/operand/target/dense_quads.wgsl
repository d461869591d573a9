// A target of one float for each element. The tensor begins at a quad, so that four elements are one load.
// needs: lib/component lib/params dtype/float
// slots: quad
@group(0) @binding(14) var<storage, read> dense: array<QuadOfWords>;

override DENSE_DTYPE: u32 = 0u;

fn target_at(i: u32) -> f32 {
    let element = i + base(14u);
    let word = word_of(element, DENSE_DTYPE);
    return decode(word_at(words_of(dense[word >> 2u]), word & 3u), element, DENSE_DTYPE);
}

fn target_four(i: u32) -> vec4<f32> {
    let element = i + base(14u);
    return decode_four(words_of(dense[word_of(element, DENSE_DTYPE) >> 2u]), element, DENSE_DTYPE);
}
