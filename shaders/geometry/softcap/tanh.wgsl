// Logits with a soft cap, c·tanh(x/c), which is applied before anything else reads them.
// needs: lib/math lib/params

// the place of c among the loss's number options
override SOFTCAP: u32 = 0u;
// whether dense targets are logits too
override CAPS_TARGETS: bool = false;

// A logit of −∞ stays what it is, so that it masks its class.
fn capped(x: f32) -> f32 {
    let c = option(SOFTCAP);
    // tanh(y) is −m/(2 + m) for m = exp(−2y) − 1, which keeps the digits of a small y
    let m = expm1(-2.0 * min(abs(x) / c, 52.0));
    let size = c * (-m / (2.0 + m));
    return select(select(size, -size, x < 0.0), x, is_masked(x) | is_nan(x));
}

fn capped_target(t: f32) -> f32 {
    return select(t, capped(t), CAPS_TARGETS);
}

// The derivative with respect to a logit `x`, from the derivative `d` with respect to the capped logit. The factor 1 − tanh² is
// computed from exponentials, so that it keeps its digits where the cap is nearly reached.
fn through_cap(d: f32, x: f32) -> f32 {
    let e = exp_negative(2.0 * min(abs(x) / option(SOFTCAP), 52.0));
    return select(d * ((4.0 * e) / ((1.0 + e) * (1.0 + e))), d, is_masked(x));
}
