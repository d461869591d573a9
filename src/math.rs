//! The scalar functions that leaves share, in f64; `shaders/lib/math.wgsl` is their twin.

/// The logistic function.
pub(crate) fn sigmoid(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
}

/// `log(1 + exp(x))`, without overflow, and with its digits where it is small.
pub(crate) fn softplus(x: f64) -> f64 {
    // f64::max would drop a NaN
    let positive = if x < 0.0 { 0.0 } else { x };
    positive + (-x.abs()).exp().ln_1p()
}
