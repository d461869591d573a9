// The clipped policy objective of proximal policy optimisation: the twin of src/losses/pointwise/ppo_policy.rs.
// needs: lib/math lib/params geometry/element
// 0 clip, 1 dual_clip, 2 cispo
override KIND: u32 = 0u;
const CLIP_LOW: u32 = 0u;
const CLIP_HIGH: u32 = 1u;
const DUAL_CLIP_RATIO: u32 = 2u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let advantage = v.z;
    let low = 1.0 - option(CLIP_LOW);
    let high = 1.0 + option(CLIP_HIGH);
    let gap = difference(v.x, v.y);
    if is_nan(gap) {
        return ElementScore(gap, vec4<f32>(0.0));
    }
    if KIND == 2u {
        let factor = -part_of(advantage, min(exp_any(gap), high));
        return ElementScore(part_of(factor, v.x), vec4<f32>(factor, 0.0, 0.0, 0.0));
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
    if KIND == 1u {
        let most = option(DUAL_CLIP_RATIO);
        let bounded = product(-advantage, select(min(ratio, most), ratio, advantage > 0.0));
        // equal arguments of a minimum share the derivative
        let share = select(select(1.0, 0.5, ratio == most), 0.0, ratio > most);
        return ElementScore(bounded, vec4<f32>(bounded * select(share, 1.0, advantage > 0.0), 0.0, 0.0, 0.0));
    }
    let loss = product(-advantage, ratio);
    return ElementScore(loss, vec4<f32>(loss, 0.0, 0.0, 0.0));
}
