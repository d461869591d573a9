// The activation of a region loss whose predictions are probabilities already.
// needs: geometry/probable geometry/region lib/params

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

// An infinite probability counts as NaN. For a target of 0 or 1, one of the sums would contain 0 times infinity. For a target
// between 0 and 1, the sums would contain infinities of both signs. With SOFT, a hit is the lesser of probability and target,
// which may be finite, so that an infinite probability is kept.
fn probabilities(x: vec4<f32>, softmaxes: Softmaxes) -> Probable {
    let is_finite = (bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu)) < vec4<u32>(0x7f800000u);
    let p = select(vec4<f32>(nan()), x, is_finite | vec4<bool>(SOFT));
    return Probable(p, vec4<f32>(1.0) - p);
}

fn wrong_by(p: vec4<f32>, q: vec4<f32>, t: vec4<f32>) -> vec4<f32> {
    return p - t;
}

fn chain(seen: Probable, slope: vec4<f32>, mean_slope: MeanSlope) -> vec4<f32> {
    return slope;
}
