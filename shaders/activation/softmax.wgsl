// The activation of a region loss that makes probabilities by a softmax over the classes of a position.
// needs: lib/math geometry/probable

// Whether the probability of a class depends on the other classes of its position.
const COUPLED: bool = true;

// For four positions: the greatest logit, the sum of exp(x − peak) over the other classes, and 1 over the whole sum.
// Leaving out the peak's own 1 keeps the digits of what a confident position leaves to the other classes. `rest` and
// `one_over` are NaN where the softmax is undefined: a logit is NaN or +∞, or all are −∞.
struct Softmaxes {
    peak: vec4<f32>,
    rest: vec4<f32>,
    one_over: vec4<f32>,
}

fn softmax_of(peak: vec4<f32>, rest: vec4<f32>) -> Softmaxes {
    return Softmaxes(peak, rest, select(vec4<f32>(1.0) / (vec4<f32>(1.0) + rest), rest, are_nan(rest)));
}

fn probability(x: f32, peak: f32, one_over: f32) -> f32 {
    // two finite logits may be so far apart that their difference is infinite, but only a masked class has a probability of 0
    let gap = select(min(peak - x, 104.0), peak - x, is_infinite(x));
    return select(exp_negative_nonzero(gap) * one_over, one_over, is_nan(one_over));
}

fn probabilities(x: vec4<f32>, at: Softmaxes) -> Probable {
    let p = vec4<f32>(
        probability(x.x, at.peak.x, at.one_over.x),
        probability(x.y, at.peak.y, at.one_over.y),
        probability(x.z, at.peak.z, at.one_over.z),
        probability(x.w, at.peak.w, at.one_over.w),
    );
    return Probable(p, select(vec4<f32>(1.0) - p, at.rest * at.one_over, x == at.peak));
}

// p − t as p·(1 − t) − (1 − p)·t, which does not cancel for t of 0 or 1.
fn wrong_by(p: vec4<f32>, q: vec4<f32>, t: vec4<f32>) -> vec4<f32> {
    return (p * (vec4<f32>(1.0) - t)) - (q * t);
}

// The derivative with respect to a logit: p·(slope − Σ p·slope).
fn chain(seen: Probable, slope: vec4<f32>, mean_slope: MeanSlope) -> vec4<f32> {
    return seen.p * ((slope - mean_slope.lead) - mean_slope.sum);
}
