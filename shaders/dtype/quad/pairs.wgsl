// Four words, loaded and stored as two numbers of 64 bits. This is for CPUs, where each access of a lane costs the same,
// however wide it is.
alias QuadOfWords = vec2<u64>;

fn words_of(quad: QuadOfWords) -> vec4<u32> {
    return vec4<u32>(u32(quad.x), u32(quad.x >> 32u), u32(quad.y), u32(quad.y >> 32u));
}

fn quad_of(words: vec4<u32>) -> QuadOfWords {
    return vec2<u64>(u64(words.x) | (u64(words.y) << 32u), u64(words.z) | (u64(words.w) << 32u));
}
