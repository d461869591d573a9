// The upstream gradient of a value, or of the whole. Uses lib/params dtype/f32.
@group(0) @binding(12) var<storage, read> upstream: array<Word>;

fn upstream_at(i: u32) -> f32 {
    let element = i + base(12u);
    return decode(upstream[word_of(element)], element);
}
