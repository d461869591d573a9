// Charbonnier's loss: the twin of `Charbonnier::score` in custom_loss.rs.

// Where the number of this option lies: the first of the header's.
const EPSILON: u32 = 0u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    // difference, option, is_nan and the rest of shaders/lib/math.wgsl are there to be used
    let d = difference(v.x, v.y);
    let root = sqrt((d * d) + (option(EPSILON) * option(EPSILON)));
    return ElementScore(d * d / (root + option(EPSILON)), vec4<f32>(d / root, -d / root, 0.0, 0.0));
}
