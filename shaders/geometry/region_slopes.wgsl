// The probabilities of a class at four positions, and the derivatives of the loss with respect to them, which are called
// slopes.
// needs: lib/math lib/params scratch/coefficients geometry/probable geometry/region geometry/region_quads
// slots: activation
fn coefficients_of(k: u32, position: u32) -> vec2<f32> {
    let item = select(position / params.per_item, 0u, BATCH);
    return coefficients[(item * params.classes) + k];
}

// The derivatives of the loss with respect to p at four positions; NaN if the region's loss is.
fn slopes_at(quad: Quad, k: u32, seen: Probable, wanted: vec4<f32>) -> vec4<f32> {
    let a = coefficients_of(k, quad.at.x);
    var of_one = vec4<f32>(a.x);
    var of_rest = vec4<f32>(a.y);
    if !(FOURS | BATCH) {
        let b = coefficients_of(k, quad.at.y);
        let c = coefficients_of(k, quad.at.z);
        let d = coefficients_of(k, quad.at.w);
        of_one = vec4<f32>(a.x, b.x, c.x, d.x);
        of_rest = vec4<f32>(a.y, b.y, c.y, d.y);
    }
    let none = vec4<f32>(0.0);
    var t = wanted;
    if SOFT {
        // p below its target changes the overlap min(p, t), p above it the error; at the target the derivative is half of each
        let above = wrong_by(seen.p, seen.q, wanted);
        t = select(select(vec4<f32>(0.5), vec4<f32>(1.0), above < none), none, above > none);
    }
    var rest = vec4<f32>(1.0) - t;
    if SQUARED {
        rest = wrong_by(seen.p, seen.q, t);
    }
    // a class that takes no part has slopes of 0, whatever its target is; and what t or its rest is a factor of is 0 with it, also
    // where the other factor exceeds f32, as that of an absent class does whose probabilities nearly vanish
    let by_t = select(of_one * t, none, (of_one == none) | (t == none));
    let by_rest = select(of_rest * rest, none, (of_rest == none) | (rest == none));
    return select(by_t + by_rest, vec4<f32>(nan()), are_nan(of_one));
}

struct Slope {
    seen: Probable,
    by_p: vec4<f32>,
}

fn slope_of(quad: Quad, k: u32, softmaxes: Softmaxes) -> Slope {
    let seen = probabilities(logits_of(quad, k), softmaxes);
    return Slope(seen, slopes_at(quad, k, seen, targets_of(quad, k)));
}
