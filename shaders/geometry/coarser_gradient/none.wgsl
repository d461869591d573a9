// The last level has no next one.
fn coarser_gradient(plane: u32, line: u32, column: u32) -> vec2<f32> {
    return vec2<f32>(0.0);
}
