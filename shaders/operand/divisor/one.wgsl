// No denominator from the caller.
fn divisor_at(i: u32) -> f32 {
    return 1.0;
}
