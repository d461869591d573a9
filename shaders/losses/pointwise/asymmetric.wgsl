// The asymmetric loss of binary targets: the twin of src/losses/pointwise/asymmetric.rs.
// needs: lib/math lib/params geometry/element
override THROUGH_FOCUS: bool = true;
const GAMMA_POS: u32 = 0u;
const GAMMA_NEG: u32 = 1u;
const CLIP: u32 = 2u;
// a gamma if it is a small whole number, for which a power is a few products; else −1
override WHOLE_GAMMA_POS: i32 = 0;
override WHOLE_GAMMA_NEG: i32 = 4;

// The loss of a positive target, and its derivative with respect to the logit.
fn positive(s: Sigmoids) -> vec2<f32> {
    let gamma = option(GAMMA_POS);
    var focus = whole_power(s.q, max(WHOLE_GAMMA_POS, 0));
    if WHOLE_GAMMA_POS < 0 {
        focus = exp_negative(gamma * s.minus_log_q);
    }
    let slope = select(0.0, part_of(gamma, s.p * s.minus_log_p), THROUGH_FOCUS) + s.q;
    return vec2<f32>(focus * s.minus_log_p, -focus * slope);
}

// The loss of a negative target, and its derivative with respect to the logit.
fn negative(s: Sigmoids) -> vec2<f32> {
    let gamma = option(GAMMA_NEG);
    let clip = option(CLIP);
    let is_clipped = clip > 0.0;
    // p_m, and 1 − p_m, which is not subtracted from 1, so that it keeps its digits
    let shown = max(s.p - clip, 0.0);
    let rest = s.q + clip;
    let is_near = shown <= 0.5;
    let share = log1p_share(-min(shown, 0.5));
    let surprise = select(s.minus_log_q, select(-precise_log(rest), shown * share, is_near), is_clipped);
    // surprise/p_m, which tends to 1 as p_m goes to 0
    let ratio = select(surprise / max(shown, 0.5), share, is_near);
    var focus = whole_power(shown, max(WHOLE_GAMMA_NEG, 0));
    if WHOLE_GAMMA_NEG < 0 {
        let minus_log = select(s.minus_log_p, -precise_log(shown), is_clipped);
        focus = select(exp_negative(gamma * max(minus_log, 0.0)), 0.0, is_clipped & (shown == 0.0));
    }
    let slope = select(0.0, part_of(gamma, s.q * ratio), THROUGH_FOCUS) + select(1.0, s.q / rest, is_clipped);
    return select(vec2<f32>(focus * surprise, focus * s.p * slope), vec2<f32>(0.0), s.p < clip);
}

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let s = sigmoids(v.x);
    let score = (v.y * positive(s)) + ((1.0 - v.y) * negative(s));
    // an infinite logit gives NaN
    return ElementScore(select(score.x, nan(), is_infinite(v.x)), vec4<f32>(score.y, 0.0, 0.0, 0.0));
}
