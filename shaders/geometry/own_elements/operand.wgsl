// Own rows are the rows of one operand.
// slots: x0
fn own_elements(at: u32) -> vec4<f32> {
    return x0_four(at);
}
