// No gradient of the second element operand.
fn store_dx1(i: u32, d: f32) {}

fn store_dx1_four(i: u32, d: vec4<f32>) {}
