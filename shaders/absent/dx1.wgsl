// No gradient of the second element operand.
fn store_dx1(i: u32, d: f32) {}
