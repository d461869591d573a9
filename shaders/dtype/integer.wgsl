// Stored integers: which words hold an element, and how to decode it as an f32.
// needs: lib/component
const I32: u32 = 0u;
const U32: u32 = 1u;
const U8: u32 = 2u;
const I64: u32 = 3u;

// The word that holds an element; of 64 bits the lower word. Four elements of 8 bits share a word.
fn word_of_integer(element: u32, dtype: u32) -> u32 {
    return select(select(element, element << 1u, dtype == I64), element >> 2u, dtype == U8);
}

// The upper word of an element of 64 bits; otherwise the element's only word.
fn last_word_of_integer(element: u32, dtype: u32) -> u32 {
    return word_of_integer(element, dtype) + u32(dtype == I64);
}

fn decode_integer(low: u32, high: u32, element: u32, dtype: u32) -> f32 {
    if dtype == U8 {
        return f32((low >> (8u * (element & 3u))) & 0xffu);
    }
    if dtype == U32 {
        return f32(low);
    }
    // 64 bits that are a sign-extended i32 are decoded from the lower word alone: as a sum of two words, a number such as −1
    // would lose its digits
    let is_short = (dtype == I32) | (high == select(0u, 0xffffffffu, low > 0x7fffffffu));
    return select((f32(bitcast<i32>(high)) * 4294967296.0) + f32(low), f32(bitcast<i32>(low)), is_short);
}

// Decodes four elements of at most 32 bits, the first at a multiple of four, from the quad of words that holds them.
fn decode_four_integers(quad: vec4<u32>, element: u32, dtype: u32) -> vec4<f32> {
    if dtype == U8 {
        let word = vec4<u32>(word_at(quad, (element >> 2u) & 3u));
        return vec4<f32>((word >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(0xffu));
    }
    return select(vec4<f32>(bitcast<vec4<i32>>(quad)), vec4<f32>(quad), dtype == U32);
}
