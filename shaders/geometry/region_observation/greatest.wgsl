// Observes regions beside their loss: each position is predicted to be of the class with its greatest logit, of the first if several
// are equal.
// needs: lib/math geometry/region_quads
// slots: class_mask softmaxes taken
const OBSERVES: bool = true;

// Of four positions: how many are of class k both by prediction and by target, how many by prediction, how many by target.
fn observe_class(quad: Quad, at: Pixels, round: u32, k: u32, x: vec4<f32>, wanted: vec4<f32>) -> vec3<f32> {
    let kept = kept_in_class(quad, k);
    // a position without a softmax has no prediction
    let greatest = (x == at.peak) & !are_nan(at.one_over) & !is_taken(quad, round, k);
    take(quad, round, k, greatest);
    let predicted = kept & greatest;
    let true_class = kept & (wanted > vec4<f32>(0.5));
    return vec3<f32>(count_of(predicted & true_class), count_of(predicted), count_of(true_class));
}
