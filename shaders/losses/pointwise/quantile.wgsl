// The pinball loss of quantile regression: the twin of src/losses/pointwise/quantile.rs.
// needs: lib/math geometry/element
fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let d = difference(v.y, v.x);
    let q = v.z;
    let loss = d * select(q - 1.0, q, d > 0.0);
    let slope = select(select(1.0 - q, 0.5 - q, d == 0.0), -q, d > 0.0);
    return ElementScore(loss, vec4<f32>(slope, 0.0, 0.0, 0.0));
}
