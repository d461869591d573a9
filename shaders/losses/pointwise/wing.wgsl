// Wing loss, the log of the error near 0 and the absolute error beyond: the twin of src/losses/pointwise/wing.rs.
// needs: lib/math lib/params geometry/element
const W: u32 = 0u;
const EPSILON: u32 = 1u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let d = difference(v.x, v.y);
    let w = option(W);
    let is_near = abs(d) < w;
    let near = min(abs(d), w);
    let ratio = near / option(EPSILON);
    // an epsilon near the least that f32 holds makes the ratio infinite, but not its log
    let curve = w * select(log1p(ratio), precise_log(near) - precise_log(option(EPSILON)), is_infinite(ratio));
    let loss = curve + select(abs(d) - w, 0.0, is_near);
    let slope = part_of(sign_of_number(d), select(1.0, w / (option(EPSILON) + abs(d)), is_near));
    return ElementScore(loss, vec4<f32>(slope, -slope, 0.0, 0.0));
}
