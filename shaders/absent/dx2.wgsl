// No gradient of the third element operand.
fn store_dx2(i: u32, d: f32) {}

fn store_dx2_four(i: u32, d: vec4<f32>) {}
