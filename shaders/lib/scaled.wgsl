// Numbers from 0 on with an exponent of their own, for products of a hundred thousand probabilities. No f32 holds such a
// product; and its log is so large that an f32 would have few digits left for the difference between two alignments.
// needs: lib/long lib/math lib/params

// m·2^e, with 1 ≤ m < 2 and a whole e; for 0, m is 0 and e is LEAST_EXPONENT, below the exponent of every other number
struct Scaled {
    m: f32,
    e: f32,
}

const LEAST_EXPONENT: f32 = -3e38;

fn scaled_nothing() -> Scaled {
    return Scaled(0.0, LEAST_EXPONENT);
}

// 2^e for a whole e up to 127; 0 for e below −126, where a summand no longer changes a sum.
fn two_to(e: f32) -> f32 {
    let bits = (i32(clamp(e, -126.0, 127.0)) + 127) << 23u;
    return select(bitcast<f32>(bits), 0.0, e < -126.0);
}

// m·2^e as a Scaled, where m is a normal number or 0. It is 0 if e is too low for a Scaled.
fn scaled(m: f32, e: f32) -> Scaled {
    let bits = bitcast<u32>(m);
    let more = f32(i32(bits >> 23u) - 127);
    let number = Scaled(bitcast<f32>((bits & 0x007fffffu) | 0x3f800000u), e + more);
    let is_something = (m > 0.0) & (e > LEAST_EXPONENT);
    return Scaled(select(0.0, number.m, is_something), select(LEAST_EXPONENT, number.e, is_something));
}

fn scaled_sum(a: Scaled, b: Scaled, c: Scaled) -> Scaled {
    let e = max(max(a.e, b.e), c.e);
    let m = (a.m * two_to(a.e - e)) + ((b.m * two_to(b.e - e)) + (c.m * two_to(c.e - e)));
    return scaled(m, e);
}

fn scaled_product(a: Scaled, b: Scaled) -> Scaled {
    return scaled(a.m * b.m, a.e + b.e);
}

// exp(x), with all digits of f32 however far x lies from 0.
fn scaled_exp(x: f32) -> Scaled {
    if is_infinite(x) | is_nan(x) {
        return scaled_nothing();
    }
    let k = round(x * 1.442695);
    // log 2 is subtracted in two parts: the first has few digits, so that its product with k is exact; for |x| past 2^23 the
    // rest has no right digits left, so it is clamped
    let rest = clamp((x - (k * 0.693359375)) + (k * 0.00021219444), -0.4, 0.4);
    return scaled(1.0 + (rest + (rest * rest * exp_excess_share(rest))), k);
}

// log(a) + b, where b is a long sum.
fn long_log(a: Scaled, b: vec2<f32>) -> f32 {
    if a.m == 0.0 {
        return -infinity();
    }
    // moves m to between ¾ and 1½, where log1p_near is accurate
    let above = a.m > 1.5;
    let m = select(a.m, 0.5 * a.m, above);
    let e = select(a.e, a.e + 1.0, above);
    let sum = long_sum(b, long_sum(long_number(e * 0.693359375), long_number(e * -0.00021219444)));
    return sum.x + (sum.y + log1p_near(m - 1.0));
}
