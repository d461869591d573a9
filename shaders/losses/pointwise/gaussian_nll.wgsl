// The negative log-likelihood of a Gaussian with predicted mean and variance: the twin of src/losses/pointwise/gaussian_nll.rs.
// needs: lib/math lib/params geometry/element
override FULL: bool = false;
const EPS: u32 = 0u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let d = difference(v.x, v.y);
    let variance = max(v.z, option(EPS));
    let ratio = d / variance;
    // half the log of 2π
    let constant = select(0.0, 0.9189385, FULL);
    if is_infinite(variance) {
        let unknown = is_infinite(d) | is_nan(d);
        return ElementScore(select(variance, nan(), unknown), vec4<f32>(select(0.0, nan(), unknown)));
    }
    let loss = (0.5 * (log_of(variance) + (d * ratio))) + constant;
    return ElementScore(loss, vec4<f32>(ratio, 0.0, 0.5 * (1.0 - (d * ratio)) / variance, 0.0));
}
