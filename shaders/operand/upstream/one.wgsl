// No upstream gradient from a tensor: the parameters already contain a number.
fn upstream_at(i: u32) -> f32 {
    return 1.0;
}
