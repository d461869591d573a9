// The weight of a class.
// needs: lib/params dtype/float
@group(0) @binding(17) var<storage, read> class_weight: array<u32>;

override CLASS_WEIGHT_DTYPE: u32 = 0u;

fn class_weight_at(i: u32) -> f32 {
    let element = i + base(17u);
    return decode(class_weight[word_of(element, CLASS_WEIGHT_DTYPE)], element, CLASS_WEIGHT_DTYPE);
}
