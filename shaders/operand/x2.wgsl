// The third element operand. Uses lib/params dtype/f32.
@group(0) @binding(4) var<storage, read> x2: array<Word>;

fn x2_at(i: u32) -> f32 {
    let element = i + base(4u);
    return decode(x2[word_of(element)], element);
}
