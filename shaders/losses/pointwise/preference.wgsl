// The pairwise loss of reward models: the twin of src/losses/pointwise/preference.rs.
// needs: lib/math geometry/element
fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let z = difference(difference(v.x, v.y), v.z);
    if is_nan(z) {
        return ElementScore(z, vec4<f32>(0.0));
    }
    let slope = sigmoid(-z);
    return ElementScore(softplus(-z), vec4<f32>(-slope, slope, 0.0, 0.0));
}
