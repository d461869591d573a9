// No gradient of the first element operand.
fn store_dx0(i: u32, d: f32) {}
