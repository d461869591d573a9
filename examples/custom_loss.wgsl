// Charbonnier's loss: the twin of `Charbonnier::score` in custom_loss.rs.

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    // `option` reads an option by its name, and `difference` is one of the functions that a leaf may use
    let epsilon = option(epsilon);
    let d = difference(v.x, v.y);
    let root = root_of(d * d, epsilon);
    return ElementScore(d * d / (root + epsilon), vec4<f32>(d / root, -d / root, 0.0, 0.0));
}

// A function of your own may have any name: the names of your file never clash with the library's.
fn root_of(square: f32, epsilon: f32) -> f32 {
    return sqrt(square + (epsilon * epsilon));
}
