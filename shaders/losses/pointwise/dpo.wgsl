// Direct preference optimisation: the twin of src/losses/pointwise/dpo.rs. Uses lib/component lib/params lib/math geometry/element.
const BETA: u32 = 0u;
const LABEL_SMOOTHING: u32 = 1u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let wrong = option(LABEL_SMOOTHING);
    let z = option(BETA) * difference(difference(v.x, v.y), difference(v.z, v.w));
    if is_nan(z) {
        return ElementScore(z, vec4<f32>(0.0));
    }
    let loss = part_of(1.0 - wrong, softplus(-z)) + part_of(wrong, softplus(z));
    let slope = option(BETA) * ((wrong * sigmoid(z)) - ((1.0 - wrong) * sigmoid(-z)));
    return ElementScore(loss, vec4<f32>(slope, -slope, 0.0, 0.0));
}
