// The first element operand. Uses lib/params dtype/f32.
@group(0) @binding(2) var<storage, read> x0: array<Word>;

fn x0_at(i: u32) -> f32 {
    let element = i + base(2u);
    return decode(x0[word_of(element)], element);
}
