// Mean squared error: the twin of src/losses/pointwise/mse.rs.
// needs: lib/math geometry/element
fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let d = difference(v.x, v.y);
    return ElementScore(d * d, vec4<f32>(2.0 * d, -2.0 * d, 0.0, 0.0));
}
