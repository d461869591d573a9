// No gradient of the fourth element operand.
fn store_dx3(i: u32, d: f32) {}

fn store_dx3_four(i: u32, d: vec4<f32>) {}
