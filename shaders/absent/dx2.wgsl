// No gradient of the third element operand.
fn store_dx2(i: u32, d: f32) {}
