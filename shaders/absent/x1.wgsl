// No second element operand.
fn x1_at(i: u32) -> f32 {
    return 0.0;
}
