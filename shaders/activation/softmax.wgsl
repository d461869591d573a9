// Probabilities by a softmax over the classes of a position. Uses lib/component lib/params lib/math.

// Whether the classes of a position hang together.
const COUPLED: bool = true;

// The greatest logits of four positions and one over their sums of exponentials; NaN in the second marks a position without
// a softmax.
struct Pixels {
    peak: vec4<f32>,
    one_over: vec4<f32>,
}

fn probability(x: f32, peak: f32, one_over: f32) -> f32 {
    // a masked class is so far below the peak that it comes to 0
    return select(exp_negative(peak - x) * one_over, one_over, is_nan(one_over));
}

fn probabilities(x: vec4<f32>, at: Pixels) -> vec4<f32> {
    return vec4<f32>(
        probability(x.x, at.peak.x, at.one_over.x),
        probability(x.y, at.peak.y, at.one_over.y),
        probability(x.z, at.peak.z, at.one_over.z),
        probability(x.w, at.peak.w, at.one_over.w),
    );
}

// The gradient of logits: p their probabilities, slope the derivative with respect to p, pull Σ p·slope over the classes.
fn chain(p: vec4<f32>, slope: vec4<f32>, pull: vec4<f32>) -> vec4<f32> {
    return p * (slope - pull);
}
