// How far two pixels are apart, where both are given.
fn apart(pixels: vec2<f32>) -> f32 {
    return pixels.x - pixels.y;
}
