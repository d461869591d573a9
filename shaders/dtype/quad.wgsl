// Four words as they are loaded.
alias Quad = vec4<u32>;

fn words_of(quad: Quad) -> vec4<u32> {
    return quad;
}
