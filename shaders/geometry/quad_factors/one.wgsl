// Positions of regions without a mask and without sample weights: each counts once.
struct QuadFactors {
    nothing: u32,
}

fn quad_factors(at: vec4<u32>) -> QuadFactors {
    return QuadFactors(0u);
}

fn kept_by(factors: QuadFactors, kept: vec4<bool>) -> vec4<bool> {
    return kept;
}

fn by_factors(factors: QuadFactors, v: vec4<f32>, kept: vec4<bool>) -> vec4<f32> {
    return v;
}

fn unknown_by_factors(hit: vec4<f32>, extra: vec4<f32>, missed: vec4<f32>) -> vec4<bool> {
    return vec4<bool>(false);
}
