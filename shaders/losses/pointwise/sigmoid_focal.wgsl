// Sigmoid focal loss: the twin of src/losses/pointwise/sigmoid_focal.rs. Uses lib/params lib/math geometry/element.
override HAS_ALPHA: bool = true;
const ALPHA: u32 = 0u;
const GAMMA: u32 = 1u;
// gamma where it is a whole number, and a power is a few products; else −1
override WHOLE_GAMMA: i32 = 2;

// The share of the cross-entropy that counts, (1 − p_t)^gamma, and its derivative; `log_p` and `log_q` are of p and of q = 1 − p.
fn focus_of(t: f32, p: f32, q: f32, log_p: f32, log_q: f32) -> vec2<f32> {
    let miss = (q * t) + (p * (1.0 - t));
    let d_miss = (1.0 - (2.0 * t)) * p * q;
    if WHOLE_GAMMA == 0 {
        return vec2<f32>(1.0, 0.0);
    }
    if WHOLE_GAMMA > 0 {
        let lower = whole_power(miss, WHOLE_GAMMA - 1);
        return vec2<f32>(lower * miss, f32(WHOLE_GAMMA) * lower * d_miss);
    }
    // for t of 0 and 1 neither the log nor its derivative rounds
    let some = max(miss, 1e-38);
    let log_miss = select(select(log(some), log_q, t == 1.0), log_p, t == 0.0);
    let d_log_miss = select(select(d_miss / some, -p, t == 1.0), q, t == 0.0);
    let focus = exp_negative(-option(GAMMA) * log_miss);
    return vec2<f32>(focus, focus * option(GAMMA) * d_log_miss);
}

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let x = v.x;
    let t = v.y;
    // softplus(x) and softplus(−x) are −log(1 − p) and −log p, from one exponential
    let e = exp_negative(abs(x));
    let small = log1p_near(e);
    let against = max(x, 0.0) + small;
    let toward = max(-x, 0.0) + small;
    let larger = 1.0 / (1.0 + e);
    let p = select(larger, e * larger, x < 0.0);
    let q = select(larger, e * larger, x > 0.0);
    let bce = (t * toward) + ((1.0 - t) * against);
    var alpha = 1.0;
    if HAS_ALPHA {
        alpha = (option(ALPHA) * t) + ((1.0 - option(ALPHA)) * (1.0 - t));
    }
    let focus = focus_of(t, p, q, -toward, -against);
    let d_bce = (p * (1.0 - t)) - (q * t);
    let dx = alpha * ((focus.y * bce) + (focus.x * d_bce));
    // an infinite logit is unknown, as in PyTorch
    return ElementScore(select(alpha * focus.x * bce, nan(), is_infinite(x)), vec4<f32>(dx, 0.0, 0.0, 0.0));
}
