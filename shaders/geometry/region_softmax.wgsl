// Computes and stores the softmaxes of positions in a walk over regions, if no fused loss does so.
// needs: lib/math lib/params geometry/region_quads
// slots: activation classes earlier_ranges softmaxes

// Stores the softmax of four positions, if the activation is one.
fn region_softmax(quad: Quad) -> Softmaxes {
    if !COUPLED {
        return softmaxes_at(quad.at);
    }
    let before = softmax_before(quad.at);
    var peak = before.peak;
    var rest = before.rest;
    var unknown = are_nan(rest);
    // @unroll k CLASSES
    for (var k = classes_from(); k < classes_to(); k += 1u) {
        let x = logits_of(quad, k);
        let bits = bitcast<vec4<u32>>(x);
        let finite = (bits & vec4<u32>(0x7fffffffu)) < vec4<u32>(0x7f800000u);
        // every logit that is not finite, except −∞, which masks its class
        unknown = unknown | (!finite & (bits != vec4<u32>(0xff800000u)));
        let up = finite & (x > peak);
        let gap = abs(x - peak);
        let e = vec4<f32>(exp_negative(gap.x), exp_negative(gap.y), exp_negative(gap.z), exp_negative(gap.w));
        rest = select(rest, select(rest + e, (vec4<f32>(1.0) + rest) * e, up), finite);
        peak = select(peak, x, up);
    }
    let none = unknown | ((rest < vec4<f32>(0.0)) & vec4<bool>(classes_end()));
    return remember(quad.at, peak, select(rest, vec4<f32>(nan()), none));
}
