// No sample weights: every value counts once.
// needs: lib/count/values
fn count_at(i: u32) -> Count {
    return 1u;
}

// What belongs to a value, times its sample weight.
fn sampled(i: u32, v: f32) -> f32 {
    return v;
}
