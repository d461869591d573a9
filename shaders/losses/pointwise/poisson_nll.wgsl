// The negative log-likelihood of Poisson counts: the twin of src/losses/pointwise/poisson_nll.rs.
// needs: lib/math lib/params geometry/element
override LOG_INPUT: bool = true;
override FULL: bool = false;
const EPS: u32 = 0u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let x = v.x;
    let t = v.y;
    let rate = select(x + option(EPS), exp_any(x), LOG_INPUT);
    var loss = difference(rate, product(t, x));
    var slope = difference(rate, t);
    if !LOG_INPUT {
        loss = difference(x, product(t, log_of(rate)));
        slope = 1.0 - (t / rate);
        if (rate == 0.0) & (t == 0.0) {
            slope = nan();
        }
    }
    if FULL & (t > 1.0) {
        // t·(log t − 1) + ½·log 2πt
        loss += (t * (log_of(t) - 1.0)) + (0.5 * (1.837877066 + log_of(t)));
    }
    return ElementScore(loss, vec4<f32>(slope, 0.0, 0.0, 0.0));
}
