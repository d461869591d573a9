// Four words as they are loaded.
alias QuadOfWords = vec4<u32>;

fn words_of(quad: QuadOfWords) -> vec4<u32> {
    return quad;
}
