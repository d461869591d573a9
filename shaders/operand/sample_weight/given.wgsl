// The sample weight of a value: a factor of the value's loss, and what the value counts as in a mean.
// needs: lib/count/weights lib/math lib/params dtype/float
@group(0) @binding(22) var<storage, read> sample_weight: array<u32>;

override SAMPLE_WEIGHT_DTYPE: u32 = 0u;

fn count_at(i: u32) -> Count {
    let element = i + base(22u);
    return decode(sample_weight[word_of(element, SAMPLE_WEIGHT_DTYPE)], element, SAMPLE_WEIGHT_DTYPE);
}

// A number that belongs to a value, times the value's sample weight. A weight of 0 does not mask: 0 times infinity is NaN.
fn sampled(i: u32, v: f32) -> f32 {
    return product(count_at(i), v);
}
