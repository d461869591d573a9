// No sample weights, where values count in floats since a mask is combined with other factors.
// needs: lib/count/weights
fn count_at(i: u32) -> Count {
    return 1.0;
}

fn sampled(i: u32, v: f32) -> f32 {
    return v;
}
