// Observes regions beside their loss: each class stands alone, and is predicted where its logit is above 0, or its probability above
// ½.
// needs: geometry/region_quads
// slots: class_mask softmaxes
const OBSERVES: bool = true;

// the number that predictions have to exceed
override PREDICTED_ABOVE: f32 = 0.0;

// Of four positions: how many are of class k both by prediction and by target, how many by prediction, how many by target.
fn observe_class(quad: Quad, at: Pixels, round: u32, k: u32, x: vec4<f32>, wanted: vec4<f32>) -> vec3<f32> {
    let kept = kept_in_class(quad, k);
    let predicted = kept & (x > vec4<f32>(PREDICTED_ABOVE));
    let true_class = kept & (wanted > vec4<f32>(0.5));
    return vec3<f32>(count_of(predicted & true_class), count_of(predicted), count_of(true_class));
}
