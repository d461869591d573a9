// The scalar functions that leaves share, accurate where WGSL's own are loose. Uses lib/params.

// WGSL may assume that NaN and infinity do not occur, so that only their bits can be asked.
fn is_nan(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

fn is_infinite(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u;
}

// x − t, NaN for two equal infinities, which a compiler may fold to 0.
fn difference(x: f32, t: f32) -> f32 {
    if is_infinite(x) && (bitcast<u32>(x) == bitcast<u32>(t)) {
        return nan();
    }
    return x - t;
}

// exp(−x) for x ≥ 0, to infinity: below −104 every result is 0, and some drivers go astray.
fn exp_negative(x: f32) -> f32 {
    return exp(-min(x, 104.0));
}

// log(1 + y) for y ≥ 0: WGSL's log is only absolutely accurate near 1, so small y take the series of 2·atanh(y/(2 + y)).
fn log1p(y: f32) -> f32 {
    if y >= 0.5 {
        return log(1.0 + y);
    }
    let u = y / (2.0 + y);
    let v = u * u;
    return 2.0 * u * (1.0 + v * (1.0 / 3.0 + v * (0.2 + v * (1.0 / 7.0 + v * (1.0 / 9.0 + v / 11.0)))));
}

fn softplus(x: f32) -> f32 {
    return max(x, 0.0) + log1p(exp_negative(abs(x)));
}

fn sigmoid(x: f32) -> f32 {
    let e = exp_negative(abs(x));
    return select(1.0, e, x < 0.0) / (1.0 + e);
}

// share·v, 0 where the share is 0, whatever v is.
fn part_of(share: f32, v: f32) -> f32 {
    if share == 0.0 {
        return 0.0;
    }
    return share * v;
}
