// The scalar functions that leaves share, accurate where WGSL's own are loose.
// needs: lib/params

// Whether x is NaN, from its bits, since compilers may assume that NaN does not occur.
fn is_nan(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

fn are_nan(x: vec4<f32>) -> vec4<bool> {
    return (bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
}

fn is_infinite(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u;
}

// Whether a logit masks its class, which then has probability 0.
fn is_masked(x: f32) -> bool {
    return is_infinite(x) & (x < 0.0);
}

// x − t. For two equal infinities it is NaN, which a compiler could fold to 0.
fn difference(x: f32, t: f32) -> f32 {
    return select(x - t, nan(), is_infinite(x) & (bitcast<u32>(x) == bitcast<u32>(t)));
}

// exp(−x) for x ≥ 0, infinity included. Past 104 every result is 0 in f32, and some drivers return wrong values.
fn exp_negative(x: f32) -> f32 {
    return exp(-min(x, 104.0));
}

// exp(−x) for x ≥ 0, and above 0 for every finite x: for finite logits neither a probability nor its complement is ever 0.
// The bound of 86.5 keeps the smallest result normal (2.7e-38), so that its reciprocal is finite.
fn exp_negative_nonzero(x: f32) -> f32 {
    return select(exp(-min(x, 86.5)), 0.0, is_infinite(x));
}

// exp(x), and infinity past the range of f32, where some drivers return wrong values.
fn exp_any(x: f32) -> f32 {
    if x > 88.8 {
        return infinity();
    }
    return exp(max(x, -104.0));
}

// 2·atanh(u) = log((1 + u)/(1 − u)) for |u| ≤ ⅓, by a polynomial with a relative error of at most 5e-9.
fn twice_atanh(u: f32) -> f32 {
    let v = u * u;
    return 2.0 * u * (1.0 + v * (0.3333321 + v * (0.2001076 + v * (0.14000952 + v * 0.14005725))));
}

// log(1 + y) for −½ ≤ y ≤ 1. WGSL bounds only the absolute error of its log near 1.
fn log1p_near(y: f32) -> f32 {
    return twice_atanh(y / (2.0 + y));
}

// log(1 + y)/y for −½ ≤ y ≤ 1; y may be 0.
fn log1p_share(y: f32) -> f32 {
    let u = y / (2.0 + y);
    let v = u * u;
    return (2.0 / (2.0 + y)) * (1.0 + v * (0.3333321 + v * (0.2001076 + v * (0.14000952 + v * 0.14005725))));
}

// log(1 + y) for y ≥ −½.
fn log1p(y: f32) -> f32 {
    return select(log1p_near(y), log(1.0 + y), y > 1.0);
}

// log(x), accurate near 1 too.
fn log_of(x: f32) -> f32 {
    if (x > 0.5) & (x < 1.5) {
        return log1p(x - 1.0);
    }
    if x <= 0.0 {
        return select(nan(), -infinity(), x == 0.0);
    }
    return select(log(x), x, is_infinite(x));
}

// (exp(x) − 1 − x)/x² for |x| ≤ 1, by its series.
fn exp_excess_share(x: f32) -> f32 {
    let tail = 1.0 / 720.0 + x * (1.0 / 5040.0 + x * (1.0 / 40320.0 + x * (1.0 / 362880.0 + x * (1.0 / 3628800.0))));
    return 0.5 + x * (1.0 / 6.0 + x * (1.0 / 24.0 + x * (1.0 / 120.0 + x * tail)));
}

// exp(x) − 1 − x for |x| ≤ 1.
fn exp_excess_near(x: f32) -> f32 {
    return part_of(x, x * exp_excess_share(x));
}

// exp(x) − 1 − x, which is never negative.
fn exp_excess(x: f32) -> f32 {
    if is_infinite(x) & (x > 0.0) {
        return nan();
    }
    if abs(x) > 1.0 {
        return (exp_any(x) - 1.0) - x;
    }
    return exp_excess_near(x);
}

// exp(x) − 1, accurate near 0 too.
fn expm1(x: f32) -> f32 {
    if abs(x) >= 0.5 {
        return exp_any(x) - 1.0;
    }
    return x + exp_excess(x);
}

// 1, 0 or −1: the derivative of the absolute value.
fn sign_of_number(x: f32) -> f32 {
    return select(select(-1.0, 0.0, x == 0.0), 1.0, x > 0.0);
}

// a·v as in IEEE arithmetic: 0·∞ is NaN, which a compiler could fold to 0.
fn product(a: f32, v: f32) -> f32 {
    return select(a * v, nan(), ((a == 0.0) & is_infinite(v)) | ((v == 0.0) & is_infinite(a)));
}

// log(x) for x > 0, accurate near 1 too. Subnormal numbers count as the smallest normal one.
fn precise_log(x: f32) -> f32 {
    // x = m·2^e, with m from √½ to √2
    let bits = max(bitcast<i32>(x), 0x00800000);
    let e = (bits - 0x3f3504f3) >> 23u;
    let m = bitcast<f32>(bits - (e << 23u));
    return (f32(e) * 0.6931472) + twice_atanh((m - 1.0) / (m + 1.0));
}

// x^(a/b) for x > 0. With x = m·2^e, the whole part of e·a/b becomes an exact power of two. What is left for exp is small,
// so that the result keeps its digits.
fn power_by_parts(x: f32, a: f32, b: f32) -> f32 {
    let bits = max(bitcast<i32>(x), 0x00800000);
    let e = (bits - 0x3f3504f3) >> 23u;
    let m = bitcast<f32>(bits - (e << 23u));
    let whole = clamp(floor((f32(e) * a) / b), -126.0, 127.0);
    let rest = ((precise_log(m) * a) + (fma(f32(e), a, -whole * b) * 0.6931472)) / b;
    return exp_any(rest) * bitcast<f32>((i32(whole) + 127) << 23u);
}

fn softplus(x: f32) -> f32 {
    return max(x, 0.0) + log1p_near(exp_negative(abs(x)));
}

fn sigmoid(x: f32) -> f32 {
    let e = exp_negative(abs(x));
    return select(1.0, e, x < 0.0) / (1.0 + e);
}

// σ(x) and σ(−x), and minus the log of each, from one exponential.
struct Sigmoids {
    p: f32,
    q: f32,
    minus_log_p: f32,
    minus_log_q: f32,
}

fn sigmoids(x: f32) -> Sigmoids {
    let e = exp_negative(abs(x));
    let small = log1p_near(e);
    let larger = 1.0 / (1.0 + e);
    let lesser = e * larger;
    return Sigmoids(
        select(larger, lesser, x < 0.0), select(larger, lesser, x > 0.0), max(-x, 0.0) + small, max(x, 0.0) + small
    );
}

// up·σ(x) − down·σ(−x). Near x = 0 it is computed from σ(x) − ½, so that equal `up` and `down` do not cancel.
fn sigmoid_balance(up: f32, down: f32, x: f32, s: Sigmoids) -> f32 {
    // tanh(x/2) for |x| < ½, by its series
    let y = 0.5 * x;
    let v = y * y;
    let beyond = y * (1.0 + v * (-0.33333333 + v * (0.13333333 + v * (-0.053968254 + v * 0.021869489))));
    return select((up * s.p) - (down * s.q), 0.5 * ((up - down) + ((up + down) * beyond)), abs(x) < 0.5);
}

// share·v, and 0 if the share is 0, whatever v is.
fn part_of(share: f32, v: f32) -> f32 {
    return select(share * v, 0.0, share == 0.0);
}

// atan(y/x), and 0 for 0/0. WGSL allows its own atan an error of 4,096 units in the last place.
fn angle(y: f32, x: f32) -> f32 {
    if y == 0.0 {
        return 0.0;
    }
    let steep = abs(y) > abs(x);
    let ratio = select(y / x, x / y, steep);
    // past tan(π/8), computes the angle's difference from π/4, where the series is accurate
    let size = abs(ratio);
    let far = size > 0.41421356;
    let u = select(size, (size - 1.0) / (size + 1.0), far);
    let v = u * u;
    let series = 1.0 + v * (-0.333329491539 + v * (0.199777106478 + v * (-0.138776856032 + v * 0.0805374449538)));
    var result = (u * series) + select(0.0, 0.78539816, far);
    if steep {
        result = 1.57079633 - result;
    }
    // the quotient's sign, also if the quotient is infinite
    return select(result, -result, (y < 0.0) != (x < 0.0));
}

// sin x and cos x for x from 0 to 2. WGSL allows its own sin and cos an error of 2^-11.
fn sine_and_cosine(x: f32) -> vec2<f32> {
    // the series of x/2, and the double angle
    let y = 0.5 * clamp(x, 0.0, 2.0);
    let v = y * y;
    let sine = y * (1.0 - (v / 6.0) * (1.0 - (v / 20.0) * (1.0 - (v / 42.0) * (1.0 - (v / 72.0) * (1.0 - v / 110.0)))));
    let cosine = 1.0 - (v / 2.0) * (1.0 - (v / 12.0) * (1.0 - (v / 30.0) * (1.0 - (v / 56.0) * (1.0 - v / 90.0))));
    return vec2<f32>(2.0 * sine * cosine, 1.0 - (2.0 * sine * sine));
}

// base^n for n from 0 to 4.
fn whole_power(base: f32, n: i32) -> f32 {
    let square = select(1.0, base * base, n > 1);
    return select(1.0, base, (n & 1) != 0) * square * select(1.0, square, n > 3);
}

// base^exponent as f64's powf defines it. WGSL's pow leaves a base of 0 or below undefined. Exponents of 0 and 1 give exact
// results.
fn power(base: f32, exponent: f32) -> f32 {
    if exponent == 0.0 {
        return 1.0;
    }
    if (exponent == 1.0) | is_nan(base) {
        return base;
    }
    var size = 0.0;
    if (base == 0.0) | is_infinite(base) {
        size = select(0.0, infinity(), (exponent > 0.0) == (base != 0.0));
    } else {
        size = exp_any(exponent * log_of(abs(base)));
    }
    if base >= 0.0 {
        return size;
    }
    let whole = floor(exponent) == exponent;
    let odd = whole & (fract(0.5 * exponent) != 0.0);
    return select(select(size, nan(), !whole & !is_infinite(base)), -size, odd);
}
