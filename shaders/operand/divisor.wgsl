// The denominator that the caller gives. Uses lib/params dtype/f32.
@group(0) @binding(22) var<storage, read> divisor: array<Word>;

fn divisor_at(i: u32) -> f32 {
    let element = i + base(22u);
    return decode(divisor[word_of(element)], element);
}
