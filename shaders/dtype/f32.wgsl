// Floats stored as f32: what a word of storage is, and how elements are taken out and put in.
alias Word = f32;

fn word_of(element: u32) -> u32 {
    return element;
}

fn decode(word: Word, element: u32) -> f32 {
    return word;
}
