// The difference of the pixels of two pictures at a level after the first. It is held in place of the second pixel: the means
// of nearly equal pixels are rounded, so that subtracting them would lose their difference.
fn apart(pixels: vec2<f32>) -> f32 {
    return pixels.y;
}
