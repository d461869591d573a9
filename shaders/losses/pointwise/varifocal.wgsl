// Varifocal loss of qualities between 0 and 1, which is focal for targets of 0 only: the twin of
// src/losses/pointwise/varifocal.rs.
// needs: lib/math lib/params geometry/element
const ALPHA: u32 = 0u;
const GAMMA: u32 = 1u;
// gamma if it is a small whole number, for which a power is a few products; else −1
override WHOLE_GAMMA: i32 = 2;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let x = v.x;
    let t = v.y;
    let s = sigmoids(x);
    var focus = whole_power(s.p, max(WHOLE_GAMMA, 0));
    if WHOLE_GAMMA < 0 {
        focus = exp_negative(option(GAMMA) * s.minus_log_p);
    }
    let share = part_of(option(ALPHA), focus);
    let slope = part_of(option(GAMMA), s.q * s.minus_log_q) + s.p;
    let of_others = vec2<f32>(part_of(share, s.minus_log_q), part_of(share, slope));
    let bce = (t * s.minus_log_p) + ((1.0 - t) * s.minus_log_q);
    let of_positives = t * vec2<f32>(bce, sigmoid_balance(1.0 - t, t, x, s));
    let score = select(of_others, of_positives, t > 0.0);
    return ElementScore(select(score.x, nan(), is_infinite(x)), vec4<f32>(score.y, 0.0, 0.0, 0.0));
}
