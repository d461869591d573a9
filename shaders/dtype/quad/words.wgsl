// Four words, loaded and stored as one vector.
alias QuadOfWords = vec4<u32>;

fn words_of(quad: QuadOfWords) -> vec4<u32> {
    return quad;
}

fn quad_of(words: vec4<u32>) -> QuadOfWords {
    return words;
}
