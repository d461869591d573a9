// The probabilities of four positions' class, and the derivatives by them. Uses lib/component lib/params lib/math lib/label dtype/float operand/x0 operand/labels operand/pixels operand/coefficients activation/softmax geometry/places geometry/region geometry/logits_read geometry/region_quads.
fn coefficients_of(k: u32, position: u32) -> vec2<f32> {
    let item = select(position / params.per_item, 0u, BATCH);
    return coefficients[(item * params.classes) + k];
}

// The derivatives by p of four positions' losses; NaN where that of the region is.
fn slopes_at(quad: Quad, k: u32, p: vec4<f32>, t: vec4<f32>) -> vec4<f32> {
    let a = coefficients_of(k, quad.at.x);
    var of_pt = vec4<f32>(a.x);
    var of_p = vec4<f32>(a.y);
    if !(FOURS | BATCH) {
        let b = coefficients_of(k, quad.at.y);
        let c = coefficients_of(k, quad.at.z);
        let d = coefficients_of(k, quad.at.w);
        of_pt = vec4<f32>(a.x, b.x, c.x, d.x);
        of_p = vec4<f32>(a.y, b.y, c.y, d.y);
    }
    let none = vec4<f32>(0.0);
    var by_p = vec4<f32>(1.0);
    if SQUARED {
        by_p = 2.0 * p;
    }
    // a class that takes no part has slopes of 0, whatever its target is
    let slope = select(of_pt * t, none, of_pt == none) + select(of_p * by_p, none, of_p == none);
    return select(slope, vec4<f32>(nan()), are_nan(of_pt));
}

struct Slope {
    p: vec4<f32>,
    by_p: vec4<f32>,
}

fn slope_of(quad: Quad, k: u32, pixels: Pixels) -> Slope {
    let p = probabilities(logits_of(quad, k), pixels);
    return Slope(p, slopes_at(quad, k, p, targets_of(quad, k)));
}
