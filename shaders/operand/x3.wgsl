// The fourth element operand. Uses lib/params dtype/f32.
@group(0) @binding(5) var<storage, read> x3: array<Word>;

fn x3_at(i: u32) -> f32 {
    let element = i + base(5u);
    return decode(x3[word_of(element)], element);
}
