// Probabilities by a sigmoid of each element. Uses lib/component lib/params lib/math.

// Whether the classes of a position hang together.
const COUPLED: bool = false;

struct Pixels {
    nothing: u32,
}

fn pixels_of(at: vec4<u32>) -> Pixels {
    return Pixels(0u);
}

fn remember(at: vec4<u32>, peak: vec4<f32>, one_over: vec4<f32>) -> Pixels {
    return Pixels(0u);
}

fn probability(x: f32) -> f32 {
    return select(sigmoid(x), x, is_nan(x));
}

fn probabilities(x: vec4<f32>, pixels: Pixels) -> vec4<f32> {
    return vec4<f32>(probability(x.x), probability(x.y), probability(x.z), probability(x.w));
}

fn chain(p: vec4<f32>, slope: vec4<f32>, pull: vec4<f32>) -> vec4<f32> {
    return slope * p * (vec4<f32>(1.0) - p);
}
