// No sample weights: every value counts once.
// needs: lib/count/values
fn count_at(i: u32) -> Count {
    return 1u;
}

// A number that belongs to a value, times the value's sample weight.
fn sampled(i: u32, v: f32) -> f32 {
    return v;
}
