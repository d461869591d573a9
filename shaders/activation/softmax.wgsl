// Probabilities by a softmax over the classes of a position. Uses lib/params lib/math lib/label dtype/float operand/x0 operand/labels operand/pixels geometry/places geometry/region.

// Whether the classes of a position hang together.
const COUPLED: bool = true;

// The greatest logit of a position and one over the sum of exponentials; NaN in the second marks a position without a softmax.
fn prepare_pixel(position: u32) {
    let first = first_class(position);
    var peak = -3.4028234e38;
    var total = 0.0;
    var unknown = false;
    for (var k = 0u; k < params.classes; k += 1u) {
        let x = x0_at(first + (k * params.class_stride));
        if is_infinite(x) && (x < 0.0) {
            continue;
        }
        unknown = unknown || is_nan(x) || is_infinite(x);
        let e = exp_negative(abs(x - peak));
        total = select(total + e, (total * e) + 1.0, x > peak);
        peak = max(x, peak);
    }
    pixels[position] = vec2<f32>(peak, select(1.0 / total, nan(), unknown || (total == 0.0)));
}

fn probability(x: f32, position: u32) -> f32 {
    let pixel = pixels[position];
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
