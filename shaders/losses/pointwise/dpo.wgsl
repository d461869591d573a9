// Direct preference optimisation: the twin of src/losses/pointwise/dpo.rs.
// needs: lib/math lib/params geometry/element
// 0 sigmoid, 1 hinge, 2 ipo
override KIND: u32 = 0u;
const BETA: u32 = 0u;
const LABEL_SMOOTHING: u32 = 1u;

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let wrong = option(LABEL_SMOOTHING);
    let lead = difference(difference(v.x, v.y), difference(v.z, v.w));
    let z = option(BETA) * lead;
    if is_nan(z) {
        return ElementScore(z, vec4<f32>(0.0));
    }
    if KIND == 1u {
        let slope = select(-option(BETA), 0.0, z >= 1.0);
        return ElementScore(max(1.0 - z, 0.0), vec4<f32>(slope, -slope, 0.0, 0.0));
    }
    if KIND == 2u {
        let off = lead - (0.5 / option(BETA));
        return ElementScore(off * off, vec4<f32>(2.0 * off, -2.0 * off, 0.0, 0.0));
    }
    let s = sigmoids(z);
    let loss = part_of(1.0 - wrong, s.minus_log_p) + part_of(wrong, s.minus_log_q);
    let slope = option(BETA) * sigmoid_balance(wrong, 1.0 - wrong, z, s);
    return ElementScore(loss, vec4<f32>(slope, -slope, 0.0, 0.0));
}
