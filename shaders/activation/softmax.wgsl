// Probabilities by a softmax over the classes of a position.
// needs: lib/math geometry/probable

// Whether the classes of a position hang together.
const COUPLED: bool = true;

// The greatest logits of four positions, the sums of exp(x − peak) over all others, and one over the whole sums. Leaving the
// peak's own 1 out keeps the digits of what a sure position leaves to the others. NaN marks a position without a softmax.
struct Pixels {
    peak: vec4<f32>,
    rest: vec4<f32>,
    one_over: vec4<f32>,
}

fn softmax_of(peak: vec4<f32>, rest: vec4<f32>) -> Pixels {
    return Pixels(peak, rest, select(vec4<f32>(1.0) / (vec4<f32>(1.0) + rest), rest, are_nan(rest)));
}

fn probability(x: f32, peak: f32, one_over: f32) -> f32 {
    return select(exp_unsure(peak - x) * one_over, one_over, is_nan(one_over));
}

fn probabilities(x: vec4<f32>, at: Pixels) -> Probable {
    let p = vec4<f32>(
        probability(x.x, at.peak.x, at.one_over.x),
        probability(x.y, at.peak.y, at.one_over.y),
        probability(x.z, at.peak.z, at.one_over.z),
        probability(x.w, at.peak.w, at.one_over.w),
    );
    return Probable(p, select(vec4<f32>(1.0) - p, at.rest * at.one_over, x == at.peak));
}

// p − t, of parts that do not cancel where p is near a t of 0 or 1.
fn wrong_by(p: vec4<f32>, q: vec4<f32>, t: vec4<f32>) -> vec4<f32> {
    return (p * (vec4<f32>(1.0) - t)) - (q * t);
}

// The gradient of logits, p·(slope − Σ p·slope).
fn chain(seen: Probable, slope: vec4<f32>, pull: Pull) -> vec4<f32> {
    return seen.p * ((slope - pull.lead) - pull.sum);
}
