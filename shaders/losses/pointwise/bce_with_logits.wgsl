// Cross-entropy of independent binary questions, from logits: the twin of src/losses/pointwise/bce_with_logits.rs. Uses lib/params lib/math geometry/element.
fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let x = v.x;
    let yes = product(v.z, v.y);
    let no = 1.0 - v.y;
    // softplus(−x) and softplus(x), and the two probabilities, from one exponential
    let e = exp_negative(abs(x));
    let small = log1p_near(e);
    let larger = 1.0 / (1.0 + e);
    let p = select(larger, e * larger, x < 0.0);
    let q = select(larger, e * larger, x > 0.0);
    let loss = product(yes, max(-x, 0.0) + small) + product(no, max(x, 0.0) + small);
    return ElementScore(loss, vec4<f32>((no * p) - (yes * q), 0.0, 0.0, 0.0));
}
