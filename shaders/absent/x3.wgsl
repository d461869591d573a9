// The number that stands for the fourth operand, which is not given.
override X3_ABSENT: f32 = 0.0;

fn x3_at(i: u32) -> f32 {
    return X3_ABSENT;
}

fn x3_four(i: u32) -> vec4<f32> {
    return vec4<f32>(X3_ABSENT);
}
