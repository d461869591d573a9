// SimPO, a preference loss with a margin and without a reference: the twin of src/losses/pointwise/simpo.rs.
// needs: lib/math lib/params geometry/element
const BETA: u32 = 0u;
const GAMMA: u32 = 1u;
const LABEL_SMOOTHING: u32 = 2u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let wrong = option(LABEL_SMOOTHING);
    let z = (option(BETA) * difference(v.x, v.y)) - option(GAMMA);
    if is_nan(z) {
        return ElementScore(z, vec4<f32>(0.0));
    }
    let s = sigmoids(z);
    let loss = part_of(1.0 - wrong, s.minus_log_p) + part_of(wrong, s.minus_log_q);
    let slope = option(BETA) * sigmoid_balance(wrong, 1.0 - wrong, z, s);
    return ElementScore(loss, vec4<f32>(slope, -slope, 0.0, 0.0));
}
