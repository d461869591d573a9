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
    // a probability that f32 rounds to 0 is not 0, and times infinity it is infinite; below e^−745 it is 0 in f64 too
    let is_endless = LOG_TARGET & is_infinite(v.x) & (v.y > -745.0) & !is_infinite(v.y);
    let loss = select(part_of(p, difference(log_p, v.x)), -v.x, is_endless);
    return ElementScore(loss, vec4<f32>(-p, 0.0, 0.0, 0.0));
}
