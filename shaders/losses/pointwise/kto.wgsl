// KTO, a preference loss of single answers: the twin of src/losses/pointwise/kto.rs.
// needs: lib/math lib/params geometry/element
const BETA: u32 = 0u;
const DESIRABLE_WEIGHT: u32 = 1u;
const UNDESIRABLE_WEIGHT: u32 = 2u;

// The point of reference of all answers: the mean log-ratio of mismatched pairs, or 0 if that is negative.
fn element_item(mean: f32) -> vec3<f32> {
    return vec3<f32>(max(mean, 0.0), 0.0, 0.0);
}

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let u = option(BETA) * difference(difference(v.x, v.y), of_item.x);
    if is_nan(u) {
        return ElementScore(u, vec4<f32>(0.0));
    }
    let of_good = option(DESIRABLE_WEIGHT) * v.z;
    let of_bad = option(UNDESIRABLE_WEIGHT) * (1.0 - v.z);
    let s = sigmoids(u);
    let slope = part_of(option(BETA), part_of(of_bad - of_good, s.p * s.q));
    return ElementScore(part_of(of_good, s.q) + part_of(of_bad, s.p), vec4<f32>(slope, 0.0, 0.0, 0.0));
}
