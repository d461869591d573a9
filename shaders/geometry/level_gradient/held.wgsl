// The gradients of a level that is no operand are held for the level before it.
// needs: scratch/level_gradients scratch/level_pixels
fn store_level(i: u32, d: vec2<f32>) {
    level_gradients[level_place(i)] = d;
}
