// Nothing is added to scores.
fn score_shift() -> f32 {
    return 0.0;
}
