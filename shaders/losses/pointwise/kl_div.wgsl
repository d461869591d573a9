// The Kullback-Leibler divergence of log-probabilities from a target: the twin of src/losses/pointwise/kl_div.rs.
// needs: lib/math geometry/element
override LOG_TARGET: bool = false;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    var p = v.y;
    var log_p = v.y;
    if LOG_TARGET {
        p = exp_any(v.y);
    } else {
        log_p = log_of(v.y);
    }
    return ElementScore(part_of(p, difference(log_p, v.x)), vec4<f32>(-p, 0.0, 0.0, 0.0));
}
