// How far two pixels are apart, where that is held in place of the second one: means of nearly equal pixels are rounded, and
// their difference would be too.
fn apart(pixels: vec2<f32>) -> f32 {
    return pixels.y;
}
