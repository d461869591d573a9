// Own rows are the difference of two operands.
// slots: x0 x2
fn own_elements(at: u32) -> vec4<f32> {
    return x0_four(at) - x2_four(at);
}
