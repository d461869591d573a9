// Logits that are a factor times a cosine: clamps them to ± the factor, which rounding may have exceeded.
// needs: lib/math
// slots: logit_scale
fn capped(x: f32) -> f32 {
    let most = product_scale();
    return select(clamp(x, -most, most), x, is_nan(x));
}

fn through_cap(d: f32, x: f32) -> f32 {
    return select(0.0, d, abs(x) < product_scale());
}
