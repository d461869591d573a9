// Mean absolute error: the twin of src/losses/pointwise/l1.rs.
// needs: lib/math geometry/element
fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let d = difference(v.x, v.y);
    let slope = sign_of_number(d);
    return ElementScore(abs(d), vec4<f32>(slope, -slope, 0.0, 0.0));
}
