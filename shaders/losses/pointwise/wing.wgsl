// Wing loss, the log of the error near 0 and the absolute error beyond: the twin of src/losses/pointwise/wing.rs.
// needs: lib/math lib/params geometry/element
const W: u32 = 0u;
const EPSILON: u32 = 1u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let d = difference(v.x, v.y);
    let w = option(W);
    let is_near = abs(d) < w;
    let curve = w * log1p(min(abs(d), w) / option(EPSILON));
    let loss = curve + select(abs(d) - w, 0.0, is_near);
    let slope = sign_of_number(d) * select(1.0, w / (option(EPSILON) + abs(d)), is_near);
    return ElementScore(loss, vec4<f32>(slope, -slope, 0.0, 0.0));
}
