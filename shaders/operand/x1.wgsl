// The second element operand. Uses lib/params dtype/f32.
@group(0) @binding(3) var<storage, read> x1: array<Word>;

fn x1_at(i: u32) -> f32 {
    let element = i + base(3u);
    return decode(x1[word_of(element)], element);
}
