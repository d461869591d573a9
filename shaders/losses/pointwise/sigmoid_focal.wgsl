// Sigmoid focal loss: the twin of src/losses/pointwise/sigmoid_focal.rs. Uses lib/params lib/math geometry/element.
override HAS_ALPHA: bool = true;
const ALPHA: u32 = 0u;
const GAMMA: u32 = 1u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let x = v.x;
    let t = v.y;
    let gamma = option(GAMMA);
    if is_infinite(x) {
        return ElementScore(nan(), vec4<f32>(0.0));
    }
    // softplus(x) and softplus(−x) are −log(1 − p) and −log p, from one exponential
    let e = exp_negative(abs(x));
    let small = log1p(e);
    let against = max(x, 0.0) + small;
    let toward = max(-x, 0.0) + small;
    let p = select(1.0, e, x < 0.0) / (1.0 + e);
    let q = select(1.0, e, x > 0.0) / (1.0 + e);
    let bce = (t * toward) + ((1.0 - t) * against);
    var alpha = 1.0;
    if HAS_ALPHA {
        alpha = (option(ALPHA) * t) + ((1.0 - option(ALPHA)) * (1.0 - t));
    }
    // 1 − p_t; for t of 0 and 1 its log is −softplus(±x), which does not round
    let miss = (q * t) + (p * (1.0 - t));
    var log_miss = log(max(miss, 1e-38));
    var d_log_miss = (1.0 - (2.0 * t)) * p * q / max(miss, 1e-38);
    if t == 0.0 {
        log_miss = -toward;
        d_log_miss = q;
    } else if t == 1.0 {
        log_miss = -against;
        d_log_miss = -p;
    }
    let focus = exp_negative(-gamma * log_miss);
    let d_bce = (p * (1.0 - t)) - (q * t);
    let dx = alpha * focus * ((gamma * d_log_miss * bce) + d_bce);
    return ElementScore(alpha * focus * bce, vec4<f32>(dx, 0.0, 0.0, 0.0));
}
