// No loss rides along in a walk over regions. Uses lib/params lib/math lib/label lib/tally dtype/float operand/x0 operand/labels operand/pixels activation/softmax geometry/places geometry/logits_read geometry/region_quads geometry/class_range.
const RIDES: bool = false;

// Remembers the softmax of four positions, where there is one.
fn ride(quad: Quad, tally: ptr<function, Tally>) -> Pixels {
    if !COUPLED {
        return pixels_of(quad.at);
    }
    var peak = vec4<f32>(-3.4028234e38);
    var total = vec4<f32>(0.0);
    var unknown = vec4<bool>(false);
    for (var k = classes_from(); k < classes_to(); k += 1u) {
        let x = logits_of(quad, k);
        let bits = bitcast<vec4<u32>>(x);
        let finite = (bits & vec4<u32>(0x7fffffffu)) < vec4<u32>(0x7f800000u);
        // all but a masked class
        unknown = unknown | (!finite & (bits != vec4<u32>(0xff800000u)));
        let up = finite & (x > peak);
        let gap = abs(x - peak);
        let e = vec4<f32>(exp_negative(gap.x), exp_negative(gap.y), exp_negative(gap.z), exp_negative(gap.w));
        total = select(total, select(total + e, (total * e) + vec4<f32>(1.0), up), finite);
        peak = select(peak, x, up);
    }
    let none = unknown | (total == vec4<f32>(0.0));
    let one_over = select(vec4<f32>(1.0) / total, vec4<f32>(nan()), none);
    return remember(quad.at, peak, one_over);
}

struct Riding {
    nothing: u32,
}

fn riding_of(quad: Quad) -> Riding {
    return Riding(0u);
}

fn ridden(riding: Riding, x: vec4<f32>, quad: Quad, k: u32) -> vec4<f32> {
    return vec4<f32>(0.0);
}
