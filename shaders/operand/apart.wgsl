// Own rows are the difference of two operands. Uses lib/component lib/params lib/math dtype/float operand/x0 operand/x2.
fn own_elements(at: u32) -> vec4<f32> {
    return x0_four(at) - x2_four(at);
}
