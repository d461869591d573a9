// The gradient that a pixel gets from the next level, where there is none: 0.
fn coarser_gradient(plane: u32, line: u32, column: u32) -> vec2<f32> {
    return vec2<f32>(0.0);
}
