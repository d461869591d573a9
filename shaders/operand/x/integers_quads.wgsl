// An element operand of integers that begins at a quad: four elements are one load, unless they have 64 bits. Written for x0;
// the linker makes x1, x2 and x3 from it.
// needs: lib/component lib/params dtype/integer
// slots: quad
@group(0) @binding(2) var<storage, read> x0: array<QuadOfWords>;

override X0_DTYPE: u32 = 0u;

fn x0_word(word: u32) -> u32 {
    return word_at(words_of(x0[word >> 2u]), word & 3u);
}

fn x0_at(i: u32) -> f32 {
    let element = i + base(2u);
    let low = x0_word(word_of_integer(element, X0_DTYPE));
    return decode_integer(low, x0_word(last_word_of_integer(element, X0_DTYPE)), element, X0_DTYPE);
}

fn x0_four(i: u32) -> vec4<f32> {
    if X0_DTYPE == I64 {
        return vec4<f32>(x0_at(i), x0_at(i + 1u), x0_at(i + 2u), x0_at(i + 3u));
    }
    let element = i + base(2u);
    return decode_four_integers(words_of(x0[word_of_integer(element, X0_DTYPE) >> 2u]), element, X0_DTYPE);
}
