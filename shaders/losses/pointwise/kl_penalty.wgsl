// Estimates of the divergence from a reference policy: the twin of src/losses/pointwise/kl_penalty.rs.
// needs: lib/math geometry/element
// 0 k1, 1 k2, 2 k3
override KIND: u32 = 0u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let d = difference(v.x, v.y);
    if KIND == 0u {
        return ElementScore(d, vec4<f32>(1.0, 0.0, 0.0, 0.0));
    }
    if KIND == 1u {
        return ElementScore(0.5 * d * d, vec4<f32>(d, 0.0, 0.0, 0.0));
    }
    if is_nan(d) {
        return ElementScore(d, vec4<f32>(0.0));
    }
    return ElementScore(exp_excess(-d), vec4<f32>(-expm1(-d), 0.0, 0.0, 0.0));
}
