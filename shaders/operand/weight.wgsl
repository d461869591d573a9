// The weight of a value: a factor of its loss. Uses lib/params dtype/f32.
@group(0) @binding(10) var<storage, read> weight: array<Word>;

fn weight_at(i: u32) -> f32 {
    let element = i + base(10u);
    return decode(weight[word_of(element)], element);
}
