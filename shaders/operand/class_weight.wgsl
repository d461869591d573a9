// The weight of a class. Uses lib/params dtype/f32.
@group(0) @binding(17) var<storage, read> class_weight: array<Word>;

fn class_weight_at(i: u32) -> f32 {
    let element = i + base(17u);
    return decode(class_weight[word_of(element)], element);
}
