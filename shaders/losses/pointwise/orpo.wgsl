// ORPO, a preference loss of odds ratios: the twin of src/losses/pointwise/orpo.rs.
// needs: lib/math lib/params geometry/element
const BETA: u32 = 0u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let beta = option(BETA);
    // 1 − e^c and 1 − e^r
    let not_c = -expm1(v.x);
    let not_r = -expm1(v.y);
    let z = difference(difference(v.x, log_of(not_c)), difference(v.y, log_of(not_r)));
    if is_nan(z) {
        return ElementScore(z, vec4<f32>(0.0));
    }
    let wrong = sigmoid(-z);
    // the odds of the chosen answer grow without end as c goes to 0, but the derivative does not
    let up = select(wrong / not_c, exp_any(v.y) / not_r, v.x == 0.0);
    // not_r may be −0
    let down = select(wrong / not_r, infinity(), not_r == 0.0);
    let loss = part_of(beta, softplus(-z)) - v.x;
    return ElementScore(loss, vec4<f32>(-1.0 - part_of(beta, up), part_of(beta, down), 0.0, 0.0));
}
