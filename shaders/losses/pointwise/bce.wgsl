// Binary cross-entropy of probabilities: the twin of src/losses/pointwise/bce.rs.
// needs: lib/math lib/params geometry/element
fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let x = v.x;
    let t = v.y;
    if (x < 0.0) | (x > 1.0) {
        return ElementScore(nan(), vec4<f32>(0.0));
    }
    var log_x = -100.0;
    if x > 0.0 {
        log_x = max(log_of(x), -100.0);
    }
    var log_rest = -100.0;
    if x <= 0.5 {
        log_rest = log1p(-x);
    } else if x < 1.0 {
        log_rest = max(log(1.0 - x), -100.0);
    }
    let loss = product(-t, log_x) + product(t - 1.0, log_rest);
    return ElementScore(loss, vec4<f32>((x - t) / max(x * (1.0 - x), 1e-12), 0.0, 0.0, 0.0));
}
