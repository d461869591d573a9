// The gradient that a pixel gets from the next level: a quarter of the gradient of the mean that contains the pixel.
// needs: geometry/coarser scratch/level_gradients
fn coarser_gradient(plane: u32, line: u32, column: u32) -> vec2<f32> {
    let at = (vec2<u32>(column, line) + zeros_before()) / vec2<u32>(2u);
    return 0.25 * level_gradients[coarser_place(plane, at)];
}
