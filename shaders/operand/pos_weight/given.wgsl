// The number that each class has in a fused loss of elements, such as the factor of its positive targets.
// needs: lib/params dtype/float
@group(0) @binding(10) var<storage, read> pos_weight: array<u32>;

override POS_WEIGHT_DTYPE: u32 = 0u;

fn pos_weight_at(i: u32) -> f32 {
    let element = i + base(10u);
    return decode(pos_weight[word_of(element, POS_WEIGHT_DTYPE)], element, POS_WEIGHT_DTYPE);
}
