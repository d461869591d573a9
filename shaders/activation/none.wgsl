// The activation of a region loss whose predictions are probabilities already.
// needs: geometry/probable

// Whether the probability of a class depends on the other classes of its position.
const COUPLED: bool = false;

struct Pixels {
    nothing: u32,
}

fn pixels_of(at: vec4<u32>) -> Pixels {
    return Pixels(0u);
}

fn remember(at: vec4<u32>, peak: vec4<f32>, rest: vec4<f32>) -> Pixels {
    return Pixels(0u);
}

fn probabilities(x: vec4<f32>, pixels: Pixels) -> Probable {
    return Probable(x, vec4<f32>(1.0) - x);
}

fn wrong_by(p: vec4<f32>, q: vec4<f32>, t: vec4<f32>) -> vec4<f32> {
    return p - t;
}

fn chain(seen: Probable, slope: vec4<f32>, mean_slope: MeanSlope) -> vec4<f32> {
    return slope;
}
