// No weights: every value counts once.
fn weight_at(i: u32) -> f32 {
    return 1.0;
}
