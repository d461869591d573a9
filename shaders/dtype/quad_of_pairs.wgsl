// Four words as they are loaded where each load of a lane costs, however wide: two pairs.
alias QuadOfWords = vec2<u64>;

fn words_of(quad: QuadOfWords) -> vec4<u32> {
    return vec4<u32>(u32(quad.x), u32(quad.x >> 32u), u32(quad.y), u32(quad.y >> 32u));
}
