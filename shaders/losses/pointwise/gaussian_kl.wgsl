// The KL divergence of a Gaussian from the standard one, the prior of a VAE: the twin of src/losses/pointwise/gaussian_kl.rs.
// needs: lib/math geometry/element
fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let loss = 0.5 * ((v.x * v.x) + exp_excess(v.y));
    return ElementScore(loss, vec4<f32>(v.x, 0.5 * expm1(v.y), 0.0, 0.0));
}
