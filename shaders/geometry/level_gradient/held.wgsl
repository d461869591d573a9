// Stores the gradients of a level after the first in `level_gradients`, where the kernel of the level before it reads them.
// needs: scratch/level_gradients scratch/level_pixels
fn store_level(i: u32, d: vec2<f32>) {
    level_gradients[level_place(i)] = d;
}
