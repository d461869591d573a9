// Binary cross-entropy of logits: the twin of src/losses/pointwise/bce_with_logits.rs.
// needs: lib/math geometry/element
fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let yes = product(v.z, v.y);
    let no = 1.0 - v.y;
    let s = sigmoids(v.x);
    let loss = product(yes, s.minus_log_p) + product(no, s.minus_log_q);
    return ElementScore(loss, vec4<f32>(sigmoid_balance(no, yes, v.x, s), 0.0, 0.0, 0.0));
}
