// Sigmoid focal loss: the twin of src/losses/pointwise/sigmoid_focal.rs.
// needs: lib/math lib/params geometry/element
override HAS_ALPHA: bool = true;
const GAMMA: u32 = 0u;
const ALPHA: u32 = 1u;
const LABEL_SMOOTHING: u32 = 2u;
// 0 if there is no label smoothing
override WHOLE_LABEL_SMOOTHING: i32 = 0;
// gamma if it is a small whole number, for which a power is a few products; else −1
override WHOLE_GAMMA: i32 = 2;

// The factor of the cross-entropy, (1 − p_t)^gamma, and its derivative with respect to the logit.
fn focus_of(t: f32, rest: f32, s: Sigmoids) -> vec2<f32> {
    let miss = (s.q * t) + (s.p * rest);
    let d_miss = (rest - t) * s.p * s.q;
    if WHOLE_GAMMA == 0 {
        return vec2<f32>(1.0, 0.0);
    }
    if WHOLE_GAMMA > 0 {
        let lower = whole_power(miss, WHOLE_GAMMA - 1);
        return vec2<f32>(lower * miss, f32(WHOLE_GAMMA) * lower * d_miss);
    }
    // for t of 0 or 1, the log and its derivative come from the sigmoids without rounding; for t outside [0, 1] the base
    // may be negative
    let size = max(abs(miss), 1e-38);
    let some = select(size, -size, miss < 0.0);
    let log_miss = select(select(log(size), -s.minus_log_q, t == 1.0), -s.minus_log_p, t == 0.0);
    let d_log_miss = select(select(d_miss / some, -s.p, t == 1.0), s.q, t == 0.0);
    let whole = floor(option(GAMMA)) == option(GAMMA);
    if (miss < 0.0) & !whole {
        return vec2<f32>(nan());
    }
    let odd = fract(0.5 * option(GAMMA)) != 0.0;
    let power = exp_negative(-option(GAMMA) * log_miss);
    let focus = select(power, -power, (miss < 0.0) & odd);
    return vec2<f32>(focus, part_of(focus * option(GAMMA), d_log_miss));
}

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let x = v.x;
    var t = v.y;
    // 1 − t, which is smoothed by itself: 1 minus the smoothed t would be rounded
    var rest = 1.0 - t;
    if WHOLE_LABEL_SMOOTHING != 0 {
        let half = 0.5 * option(LABEL_SMOOTHING);
        t = ((1.0 - option(LABEL_SMOOTHING)) * t) + half;
        rest = ((1.0 - option(LABEL_SMOOTHING)) * rest) + half;
    }
    let s = sigmoids(x);
    let bce = (t * s.minus_log_p) + (rest * s.minus_log_q);
    var alpha = 1.0;
    // v.z is the alpha of the class, or −1 if none is given
    if v.z != -1.0 {
        alpha = (v.z * t) + ((1.0 - v.z) * rest);
    } else if HAS_ALPHA {
        alpha = (option(ALPHA) * t) + ((1.0 - option(ALPHA)) * rest);
    }
    let focus = focus_of(t, rest, s);
    let d_bce = sigmoid_balance(rest, t, x, s);
    let dx = alpha * ((focus.y * bce) + (focus.x * d_bce));
    // an infinite logit gives NaN, as in PyTorch
    let unknown = is_infinite(x) | is_nan(focus.x);
    return ElementScore(select(part_of(alpha * focus.x, bce), nan(), unknown), vec4<f32>(dx, 0.0, 0.0, 0.0));
}
