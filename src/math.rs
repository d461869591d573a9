//! Functions that leaves and folds share, in f64. `shaders/lib/math.wgsl` has the scalar ones in f32.

/// The index of the greatest number, or of the last one among equals; 0 for an empty slice.
pub(crate) fn greatest(x: &[f64]) -> usize {
    (0..x.len()).max_by(|&a, &b| x[a].total_cmp(&x[b])).unwrap_or(0)
}

/// The logistic function.
pub(crate) fn sigmoid(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
}

/// The logistic function of `x` and of `−x`. Neither is computed by subtracting the other from 1, so that both keep their
/// digits; and neither is 0 where `x` is finite.
pub(crate) fn sigmoids(x: f64) -> [f64; 2] {
    let e = if x.is_infinite() { 0.0 } else { (-x.abs()).exp().max(f64::MIN_POSITIVE) };
    let (larger, lesser) = (1.0 / (1.0 + e), e / (1.0 + e));
    match x {
        _ if x.is_nan() => [x, x],
        _ if x < 0.0 => [lesser, larger],
        _ => [larger, lesser],
    }
}

/// `up·σ(x) − down·σ(−x)`. Near 0 it is computed from σ(x) − ½, because two nearly equal halves would cancel.
pub(crate) fn sigmoid_balance(up: f64, down: f64, x: f64) -> f64 {
    match x.abs() < 0.5 {
        true => 0.5 * ((up - down) + (up + down) * (0.5 * x).tanh()),
        false => up * sigmoid(x) - down * sigmoid(-x),
    }
}

/// `share·v`, but 0 where the share is 0 and `v` is infinite.
pub(crate) fn part_of(share: f64, v: f64) -> f64 {
    if share == 0.0 && !v.is_nan() { 0.0 } else { share * v }
}

/// `exp(x) − 1 − x`. Near 0 it is computed by its series, because the subtraction would cancel.
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

/// `log(1 + exp(x))`, in a form that does not overflow and keeps its digits where the result is small.
pub(crate) fn softplus(x: f64) -> f64 {
    // f64::max would drop a NaN
    let positive = if x < 0.0 { 0.0 } else { x };
    positive + (-x.abs()).exp().ln_1p()
}
