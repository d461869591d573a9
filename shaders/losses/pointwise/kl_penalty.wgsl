// Estimates of the divergence of a policy from a reference policy: the twin of src/losses/pointwise/kl_penalty.rs.
// needs: lib/math lib/params geometry/element
// 0 k1, 1 k2, 2 k3
override KIND: u32 = 0u;
override HAS_CLIP: bool = false;
const CLIP: u32 = 0u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let d = difference(v.x, v.y);
    if HAS_CLIP {
        let most = option(CLIP);
        let score = estimate(select(clamp(d, -most, most), d, is_nan(d)));
        return ElementScore(score.loss, select(score.d, vec4<f32>(0.0), abs(d) > most));
    }
    return estimate(d);
}

fn estimate(d: f32) -> ElementScore {
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
