// The clipped policy objective of proximal policy optimisation: the twin of src/losses/pointwise/ppo_policy.rs.
// needs: lib/math lib/params geometry/element
const CLIP_LOW: u32 = 0u;
const CLIP_HIGH: u32 = 1u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let advantage = v.z;
    let low = 1.0 - option(CLIP_LOW);
    let high = 1.0 + option(CLIP_HIGH);
    let gap = difference(v.x, v.y);
    if is_nan(gap) {
        return ElementScore(gap, vec4<f32>(0.0));
    }
    if advantage == 0.0 {
        return ElementScore(0.0, vec4<f32>(0.0));
    }
    let ratio = exp_any(gap);
    // the ratio is clipped from above for a positive advantage, from below for a negative one
    if (advantage > 0.0) & (ratio > high) {
        return ElementScore(-advantage * high, vec4<f32>(0.0));
    }
    if (advantage < 0.0) & (ratio < low) {
        return ElementScore(-advantage * low, vec4<f32>(0.0));
    }
    let loss = product(-advantage, ratio);
    return ElementScore(loss, vec4<f32>(loss, 0.0, 0.0, 0.0));
}
