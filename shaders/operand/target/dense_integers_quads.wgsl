// A target of one integer for each element, which is read as a float. The tensor begins at a quad, so that four elements are
// one load, unless they have 64 bits.
// needs: lib/component lib/params dtype/integer
// slots: quad
@group(0) @binding(14) var<storage, read> dense: array<QuadOfWords>;

override DENSE_DTYPE: u32 = 0u;

fn dense_word(word: u32) -> u32 {
    return word_at(words_of(dense[word >> 2u]), word & 3u);
}

fn target_at(i: u32) -> f32 {
    let element = i + base(14u);
    let low = dense_word(word_of_integer(element, DENSE_DTYPE));
    return decode_integer(low, dense_word(last_word_of_integer(element, DENSE_DTYPE)), element, DENSE_DTYPE);
}

fn target_four(i: u32) -> vec4<f32> {
    if DENSE_DTYPE == I64 {
        return vec4<f32>(target_at(i), target_at(i + 1u), target_at(i + 2u), target_at(i + 3u));
    }
    let element = i + base(14u);
    return decode_four_integers(words_of(dense[word_of_integer(element, DENSE_DTYPE) >> 2u]), element, DENSE_DTYPE);
}
