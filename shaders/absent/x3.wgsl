// No fourth element operand.
fn x3_at(i: u32) -> f32 {
    return 0.0;
}
