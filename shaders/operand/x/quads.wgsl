// An element operand that begins at a quad: four elements are one load. Written for x0; the linker makes x1, x2 and x3 from it.
// needs: lib/component lib/params dtype/float
// slots: quad
@group(0) @binding(2) var<storage, read> x0: array<QuadOfWords>;

override X0_DTYPE: u32 = 0u;

fn x0_at(i: u32) -> f32 {
    let element = i + base(2u);
    let word = word_of(element, X0_DTYPE);
    return decode(word_at(words_of(x0[word >> 2u]), word & 3u), element, X0_DTYPE);
}

fn x0_four(i: u32) -> vec4<f32> {
    let element = i + base(2u);
    return decode_four(words_of(x0[word_of(element, X0_DTYPE) >> 2u]), element, X0_DTYPE);
}
