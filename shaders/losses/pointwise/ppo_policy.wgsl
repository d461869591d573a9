// The clipped policy objective of proximal policy optimisation: the twin of src/losses/pointwise/ppo_policy.rs.
// needs: lib/math lib/params geometry/element
// 0 clip, 1 dual_clip, 2 cispo, 3 sequence
override KIND: u32 = 0u;
const CLIP_LOW: u32 = 0u;
const CLIP_HIGH: u32 = 1u;
const DUAL_CLIP_RATIO: u32 = 2u;
const ENTROPY_COEF: u32 = 3u;

// The number that every element of a sequence gets: the sequence's mean log-ratio.
fn element_item(log_ratio: f32) -> vec3<f32> {
    return vec3<f32>(log_ratio, 0.0, 0.0);
}

// The loss without the entropy, and its derivative: with respect to the element's log_probs `v.x`, or for `sequence` to
// the sequence's log-ratio. `log_ratio` is that of the element, or for `sequence` that of its sequence.
fn policy_score(v: vec4<f32>, log_ratio: f32) -> vec2<f32> {
    let advantage = v.z;
    let low = 1.0 - option(CLIP_LOW);
    let high = 1.0 + option(CLIP_HIGH);
    if is_nan(log_ratio) {
        return vec2<f32>(log_ratio, 0.0);
    }
    if KIND == 2u {
        let factor = -part_of(advantage, min(exp_any(log_ratio), high));
        return vec2<f32>(part_of(factor, v.x), factor);
    }
    if advantage == 0.0 {
        return vec2<f32>(0.0, 0.0);
    }
    let ratio = exp_any(log_ratio);
    // the ratio is clipped from above for a positive advantage, from below for a negative one
    if (advantage > 0.0) & (ratio > high) {
        return vec2<f32>(-advantage * high, 0.0);
    }
    if (advantage < 0.0) & (ratio < low) {
        return vec2<f32>(-advantage * low, 0.0);
    }
    if KIND == 1u {
        let most = option(DUAL_CLIP_RATIO);
        let bounded = product(-advantage, select(min(ratio, most), ratio, advantage > 0.0));
        // equal arguments of a minimum share the derivative
        let share = select(select(1.0, 0.5, ratio == most), 0.0, ratio > most);
        return vec2<f32>(bounded, part_of(select(share, 1.0, advantage > 0.0), bounded));
    }
    let loss = product(-advantage, ratio);
    return vec2<f32>(loss, loss);
}

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    var log_ratio = of_item.x;
    if KIND != 3u {
        log_ratio = difference(v.x, v.y);
    }
    let policy = policy_score(v, log_ratio);
    let coefficient = option(ENTROPY_COEF);
    let loss = select(policy.x - part_of(coefficient, v.w), nan(), is_nan(policy.x));
    return ElementScore(loss, vec4<f32>(policy.y, 0.0, 0.0, -coefficient));
}
