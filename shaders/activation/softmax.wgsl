// Probabilities by a softmax over the classes of a position. Uses lib/params lib/math operand/pixels.

// Whether the classes of a position hang together.
const COUPLED: bool = true;

// The greatest logit of a position and one over the sum of exponentials; NaN in the second marks a position without a softmax.
fn pixel_of(position: u32) -> vec2<f32> {
    return remembered(position);
}

fn probability(x: f32, pixel: vec2<f32>) -> f32 {
    if is_nan(pixel.y) {
        return pixel.y;
    }
    if is_infinite(x) {
        return 0.0;
    }
    return exp_negative(pixel.x - x) * pixel.y;
}

// The gradient of a logit: p its probability, slope the derivative with respect to p, pull Σ p·slope over the classes.
fn chain(p: f32, slope: f32, pull: f32) -> f32 {
    return p * (slope - pull);
}
