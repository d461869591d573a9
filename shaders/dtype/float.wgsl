// Floats as they are stored: where an element lies, and how it is taken out of its word.
const F32: u32 = 0u;
const F16: u32 = 1u;
const BF16: u32 = 2u;

// The word that holds an element: two of 16 bits share one.
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
