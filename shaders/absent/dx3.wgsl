// No gradient of the fourth element operand.
fn store_dx3(i: u32, d: f32) {}
