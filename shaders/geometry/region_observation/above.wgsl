// Observes regions beside their loss, where each class is predicted by itself: where its logit is above 0, or its probability
// is above ½.
// needs: geometry/region_quads
// slots: class_mask softmaxes
const OBSERVES: bool = true;

// the number that predictions have to exceed
override PREDICTED_ABOVE: f32 = 0.0;

fn observe_class(quad: Quad, at: Softmaxes, round: u32, k: u32, x: vec4<f32>, wanted: vec4<f32>) -> vec3<f32> {
    return counts_of(kept_in_class(quad, k), x > vec4<f32>(PREDICTED_ABOVE), wanted);
}
