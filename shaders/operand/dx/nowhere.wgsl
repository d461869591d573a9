// A gradient of an element operand that is not wanted. Written for dx0; the linker makes dx1, dx2 and dx3 from it.
fn store_dx0(i: u32, d: f32) {}

fn store_dx0_four(i: u32, d: vec4<f32>) {}
