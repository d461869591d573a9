// The weight of a value, broadcast from a tensor with fewer axes, or with axes of length 1.
// needs: lib/broadcast lib/params dtype/float
@group(0) @binding(10) var<storage, read> weight: array<u32>;

override WEIGHT_DTYPE: u32 = 0u;

fn weight_at(i: u32) -> f32 {
    let element = broadcast_from_base(10u, i) + base(10u);
    return decode(weight[word_of(element, WEIGHT_DTYPE)], element, WEIGHT_DTYPE);
}
