// Observes regions beside their loss, where each position has one predicted class: the one with the greatest logit, the first
// of equal ones.
// needs: lib/math geometry/region_quads
// slots: class_mask softmaxes taken
const OBSERVES: bool = true;

fn observe_class(quad: Quad, at: Softmaxes, round: u32, k: u32, x: vec4<f32>, wanted: vec4<f32>) -> vec3<f32> {
    // a position without a softmax has no prediction
    let greatest = (x == at.peak) & !are_nan(at.one_over) & !is_taken(quad, round, k);
    take(quad, round, k, greatest);
    return counts_of(kept_in_class(quad, k), greatest, wanted);
}
