//! The scalar functions that leaves share, in f64; `shaders/lib/math.wgsl` is their twin.

/// The logistic function.
pub(crate) fn sigmoid(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
}

/// `exp(x) − 1 − x`, with its digits near 0.
pub(crate) fn exp_excess(x: f64) -> f64 {
    if x.abs() >= 0.5 {
        return x.exp_m1() - x;
    }
    // Σ xⁿ/n! from n = 2
    let mut term = x;
    (2..24)
        .map(|n| {
            term *= x / f64::from(n);
            term
        })
        .sum()
}

/// The derivative of the absolute value: 0 at 0.
pub(crate) fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

/// `log(1 + exp(x))`, without overflow, and with its digits where it is small.
pub(crate) fn softplus(x: f64) -> f64 {
    // f64::max would drop a NaN
    let positive = if x < 0.0 { 0.0 } else { x };
    positive + (-x.abs()).exp().ln_1p()
}
