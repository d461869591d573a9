// Stored floats: which word holds an element, and how to decode it.
const F32: u32 = 0u;
const F16: u32 = 1u;
const BF16: u32 = 2u;

// The word that holds an element. Two elements of 16 bits share a word.
fn word_of(element: u32, dtype: u32) -> u32 {
    return select(element >> 1u, element, dtype == F32);
}

fn decode(word: u32, element: u32, dtype: u32) -> f32 {
    if dtype == F32 {
        return bitcast<f32>(word);
    }
    let half = (word >> (16u * (element & 1u))) & 0xffffu;
    if dtype == F16 {
        return unpack2x16float(half).x;
    }
    return bitcast<f32>(half << 16u);
}

// Decodes four elements, the first at a multiple of four, from the quad of words that holds them.
fn decode_four(quad: vec4<u32>, element: u32, dtype: u32) -> vec4<f32> {
    if dtype == F32 {
        return bitcast<vec4<f32>>(quad);
    }
    let pair = select(quad.xy, quad.zw, (element & 4u) != 0u);
    if dtype == F16 {
        return vec4<f32>(unpack2x16float(pair.x), unpack2x16float(pair.y));
    }
    let low = pair << vec2<u32>(16u);
    let high = pair & vec2<u32>(0xffff0000u);
    return bitcast<vec4<f32>>(vec4<u32>(low.x, high.x, low.y, high.y));
}
