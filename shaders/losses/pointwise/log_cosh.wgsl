// The log of the hyperbolic cosine of the error: the twin of src/losses/pointwise/log_cosh.rs.
// needs: lib/math geometry/element
fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let d = difference(v.x, v.y);
    if is_nan(d) {
        return ElementScore(d, vec4<f32>(0.0));
    }
    let size = abs(d);
    var loss = (size + log1p_near(exp_negative(2.0 * size))) - 0.69314718;
    if size < 1.0 {
        // 2·sinh(d/2) = e + e/(1 + e) for e = expm1(d/2)
        let e = expm1(0.5 * size);
        let sinh_twice = e + (e / (1.0 + e));
        loss = log1p(0.5 * sinh_twice * sinh_twice);
    }
    // tanh(d) = −m/(2 + m) for m = expm1(−2d)
    let m = expm1(-2.0 * size);
    let slope = select(-m, m, d < 0.0) / (2.0 + m);
    return ElementScore(loss, vec4<f32>(slope, -slope, 0.0, 0.0));
}
