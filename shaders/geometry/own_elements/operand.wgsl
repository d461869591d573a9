// Own rows are an operand's: nothing is taken from them.
// slots: x0
fn own_elements(at: u32) -> vec4<f32> {
    return x0_four(at);
}
