// No gradient of the first element operand.
fn store_dx0(i: u32, d: f32) {}

fn store_dx0_four(i: u32, d: vec4<f32>) {}
