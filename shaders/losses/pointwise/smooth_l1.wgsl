// Smooth L1 loss, squared near 0 and absolute beyond: the twin of src/losses/pointwise/smooth_l1.rs.
// needs: lib/math lib/params geometry/element
const BETA: u32 = 0u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let d = difference(v.x, v.y);
    let beta = option(BETA);
    var loss = abs(d) - (0.5 * beta);
    var slope = sign_of_number(d);
    if abs(d) < beta {
        slope = d / beta;
        loss = 0.5 * d * slope;
    }
    return ElementScore(loss, vec4<f32>(slope, -slope, 0.0, 0.0));
}
