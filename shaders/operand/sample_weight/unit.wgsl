// No sample weights, but values are counted in f32: the mask is combined with other factors in a tensor of floats.
// needs: lib/count/weights
fn count_at(i: u32) -> Count {
    return 1.0;
}

fn sampled(i: u32, v: f32) -> f32 {
    return v;
}
