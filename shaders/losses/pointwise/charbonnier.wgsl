// Absolute error, smooth near 0: the twin of src/losses/pointwise/charbonnier.rs.
// needs: lib/math lib/params geometry/element
const EPSILON: u32 = 0u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let d = difference(v.x, v.y);
    let size = abs(d);
    let long = max(size, option(EPSILON));
    // scales the larger of the two to 1, so that no square overflows and the larger one does not vanish
    let ratio = min(size, option(EPSILON)) / long;
    let root = sqrt(1.0 + (ratio * ratio));
    let plain = is_nan(size) | is_infinite(long) | (long == 0.0);
    let loss = select(long * root, size, plain);
    let slope = select((d / long) / root, sign_of_number(d), plain);
    return ElementScore(loss, vec4<f32>(slope, -slope, 0.0, 0.0));
}
