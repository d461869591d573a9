// The focal loss of qualities between 0 and 1: the twin of src/losses/pointwise/quality_focal.rs.
// needs: lib/math lib/params geometry/element
const BETA: u32 = 0u;
// beta if it is a small whole number, for which a power is a few products; else −1
override WHOLE_BETA: i32 = 2;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let x = v.x;
    let t = v.y;
    let s = sigmoids(x);
    let bce = (t * s.minus_log_p) + ((1.0 - t) * s.minus_log_q);
    // p − t, which is also the derivative of bce
    let d = sigmoid_balance(1.0 - t, t, x, s);
    let size = abs(d);
    // size^(beta − 1), with the sign of d
    var lower = 0.0;
    var focus = 1.0;
    if WHOLE_BETA > 0 {
        lower = whole_power(size, WHOLE_BETA - 1) * sign_of_number(d);
        focus = whole_power(size, WHOLE_BETA);
    } else if WHOLE_BETA < 0 {
        focus = select(exp_any(option(BETA) * precise_log(size)), 0.0, size == 0.0);
        lower = select(focus / d, 0.0, size == 0.0);
    }
    let slope = part_of(option(BETA), lower * s.p * s.q * bce) + (focus * d);
    return ElementScore(select(focus * bce, nan(), is_infinite(x)), vec4<f32>(slope, 0.0, 0.0, 0.0));
}
