// The activation of a region loss that makes probabilities by a sigmoid of each element.
// needs: lib/math geometry/probable

// Whether the probability of a class depends on the other classes of its position.
const COUPLED: bool = false;

struct Softmaxes {
    nothing: u32,
}

fn softmaxes_at(at: vec4<u32>) -> Softmaxes {
    return Softmaxes(0u);
}

fn remember(at: vec4<u32>, peak: vec4<f32>, rest: vec4<f32>) -> Softmaxes {
    return Softmaxes(0u);
}

// σ(x) and σ(−x), both from the exponential: if the lesser were 1 minus the greater, it would lose its digits.
fn probability(x: f32) -> vec2<f32> {
    let e = exp_negative_nonzero(abs(x));
    let larger = 1.0 / (1.0 + e);
    let lesser = e * larger;
    return select(select(vec2<f32>(larger, lesser), vec2<f32>(lesser, larger), x < 0.0), vec2<f32>(x), is_nan(x));
}

fn probabilities(x: vec4<f32>, softmaxes: Softmaxes) -> Probable {
    let a = probability(x.x);
    let b = probability(x.y);
    let c = probability(x.z);
    let d = probability(x.w);
    return Probable(vec4<f32>(a.x, b.x, c.x, d.x), vec4<f32>(a.y, b.y, c.y, d.y));
}

// p − t as p·(1 − t) − (1 − p)·t, which does not cancel for t of 0 or 1.
fn wrong_by(p: vec4<f32>, q: vec4<f32>, t: vec4<f32>) -> vec4<f32> {
    return (p * (vec4<f32>(1.0) - t)) - (q * t);
}

fn chain(seen: Probable, slope: vec4<f32>, mean_slope: MeanSlope) -> vec4<f32> {
    return slope * seen.p * seen.q;
}
