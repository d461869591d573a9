// No upstream gradient from the GPU.
fn upstream_at(i: u32) -> f32 {
    return 1.0;
}
