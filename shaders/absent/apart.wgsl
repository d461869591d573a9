// Own rows are an operand's: nothing is taken from them. Uses lib/component lib/params lib/math dtype/float operand/x0.
fn own_elements(at: u32) -> vec4<f32> {
    return x0_four(at);
}
