// A number in place of an element operand that is not given. Written for x0; the linker makes x1, x2 and x3 from it.
override X0_ABSENT: f32 = 0.0;

fn x0_at(i: u32) -> f32 {
    return X0_ABSENT;
}

fn x0_four(i: u32) -> vec4<f32> {
    return vec4<f32>(X0_ABSENT);
}
