// The difference of the pixels of two pictures, where both are operands.
fn apart(pixels: vec2<f32>) -> f32 {
    return pixels.x - pixels.y;
}
