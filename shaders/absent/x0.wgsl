// No first element operand.
fn x0_at(i: u32) -> f32 {
    return 0.0;
}

fn x0_four(i: u32) -> vec4<f32> {
    return vec4<f32>(0.0);
}
