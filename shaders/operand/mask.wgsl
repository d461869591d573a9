// The mask of a value: zero leaves it out. Uses lib/params dtype/f32.
@group(0) @binding(11) var<storage, read> mask: array<Word>;

fn mask_at(i: u32) -> f32 {
    let element = i + base(11u);
    return decode(mask[word_of(element)], element);
}
