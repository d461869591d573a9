// Soft margin loss, the logistic loss of targets −1 and 1: the twin of src/losses/pointwise/soft_margin.rs.
// needs: lib/math geometry/element
fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let z = product(-v.y, v.x);
    if is_nan(z) {
        return ElementScore(z, vec4<f32>(0.0));
    }
    return ElementScore(softplus(z), vec4<f32>(product(-v.y, sigmoid(z)), 0.0, 0.0, 0.0));
}
