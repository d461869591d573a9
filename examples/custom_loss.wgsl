// Charbonnier's loss: the twin of `Charbonnier::score` in custom_loss.rs.

// The index of this option: it is the first one in the struct.
const EPSILON: u32 = 0u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    // a leaf may use `difference`, `option`, `is_nan` and everything else in shaders/lib/math.wgsl
    let d = difference(v.x, v.y);
    let root = sqrt((d * d) + (option(EPSILON) * option(EPSILON)));
    return ElementScore(d * d / (root + option(EPSILON)), vec4<f32>(d / root, -d / root, 0.0, 0.0));
}
