// Positions of regions with sample weights, which no mask leaves out: a weight is a factor in every sum.
// needs: lib/math
// slots: sample_weight
struct QuadFactors {
    weight: vec4<f32>,
}

fn quad_factors(at: vec4<u32>) -> QuadFactors {
    return QuadFactors(vec4<f32>(sampled(at.x, 1.0), sampled(at.y, 1.0), sampled(at.z, 1.0), sampled(at.w, 1.0)));
}

fn kept_by(factors: QuadFactors, kept: vec4<bool>) -> vec4<bool> {
    return kept;
}

// The numbers times the sample weights of their positions; 0 for what takes no part, whatever its weight.
fn by_factors(factors: QuadFactors, v: vec4<f32>, kept: vec4<bool>) -> vec4<f32> {
    let w = factors.weight;
    let products = vec4<f32>(product(w.x, v.x), product(w.y, v.y), product(w.z, v.z), product(w.w, v.w));
    return select(vec4<f32>(0.0), products, kept);
}

// Whether a weighted number is NaN: its weight is NaN, or it is 0 times infinity.
fn unknown_by_factors(hit: vec4<f32>, extra: vec4<f32>, missed: vec4<f32>) -> vec4<bool> {
    return are_nan(hit) | are_nan(extra) | are_nan(missed);
}
