// The sample weight of a value, from `value_factors`, which an earlier kernel has made of mask, sample weight and upstream
// gradient.
// needs: lib/count/weights lib/math scratch/value_factors
fn count_at(i: u32) -> Count {
    return bitcast<f32>(value_factor(i).x);
}

// A number that belongs to a value, times the value's sample weight. A weight of 0 does not mask: 0 times infinity is NaN.
fn sampled(i: u32, v: f32) -> f32 {
    return product(count_at(i), v);
}
