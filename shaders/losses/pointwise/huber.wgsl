// Squared error near 0, absolute error beyond: the twin of src/losses/pointwise/huber.rs.
// needs: lib/math lib/params geometry/element
const DELTA: u32 = 0u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let d = difference(v.x, v.y);
    let delta = option(DELTA);
    var loss = delta * (abs(d) - (0.5 * delta));
    var slope = delta * sign_of_number(d);
    if abs(d) <= delta {
        slope = d;
        loss = 0.5 * d * d;
    }
    return ElementScore(loss, vec4<f32>(slope, -slope, 0.0, 0.0));
}
