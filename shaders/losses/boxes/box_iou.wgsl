// Intersection over union of boxes: the twin of src/losses/boxes/box_iou.rs.
// needs: lib/math lib/params geometry/element

// 0 iou, 1 giou, 2 diou, 3 ciou
override KIND: u32 = 0u;
const EPS: u32 = 0u;

// The derivative of max(first, second) with respect to `first`: 1, 0, or ½ if both are equal.
fn share_of(first: vec2<f32>, second: vec2<f32>) -> vec2<f32> {
    return select(select(vec2<f32>(0.0), vec2<f32>(1.0), first > second), vec2<f32>(0.5), first == second);
}

// The uncovered area of the hull next to one side of two overlapping boxes. One box reaches further on that side: b by
// `step`, or a by −`step`. It leaves uncovered what the other box extends past it: `beyond` is how far a extends past b,
// `beyond_b` how far b extends past a.
fn corner(step: f32, beyond: f32, beyond_b: f32) -> f32 {
    return select(step * beyond, -step * beyond_b, step < 0.0);
}

// The derivative of width·height with respect to the low and the high corner of box a. `low` and `high` are the derivatives
// of the area's own corners with respect to a's.
fn of_area(size: vec2<f32>, low: vec2<f32>, high: vec2<f32>) -> vec4<f32> {
    return vec4<f32>(-size.yx * low, size.yx * high);
}

fn are_infinite(x: vec4<f32>) -> vec4<bool> {
    return (bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu)) == vec4<u32>(0x7f800000u);
}

// width·height as in IEEE arithmetic: NaN for 0·∞, and for the difference of two equal infinities.
fn area_of(low: vec2<f32>, high: vec2<f32>) -> f32 {
    let width = difference(high.x, low.x);
    let height = difference(high.y, low.y);
    return select(product(width, height), nan(), is_nan(width) | is_nan(height));
}

// Scores a pair of boxes that has an infinite coordinate, as IEEE arithmetic evaluates the formulas. The area of the union
// is infinite or NaN.
fn unbounded(a: vec4<f32>, b: vec4<f32>) -> ElementScore {
    let low = max(a.xy, b.xy);
    let high = min(a.zw, b.zw);
    let overlap = (high.x > low.x) & (high.y > low.y);
    var inter = 0.0;
    if overlap {
        inter = area_of(low, high);
    }
    let area = area_of(a.xy, a.zw);
    let other_area = area_of(b.xy, b.zw);
    // the formulas use an area that is NaN, or subtract one infinity from another
    let opposite = is_infinite(area) & is_infinite(other_area) & (area != other_area);
    let unknown = ElementScore(nan(), vec4<f32>(nan()));
    if is_nan(area) | is_nan(other_area) | is_nan(inter) | is_infinite(inter) | opposite {
        return unknown;
    }
    let size = a.zw - a.xy;
    if KIND == 0u {
        // the union is infinite, so the ratio is 0; its derivative is 0 times a corner's effect on the area, which is NaN
        // if that is infinite
        let of_size = vec4<f32>(-size.yx, size.yx);
        let d = select(vec4<f32>(0.0), vec4<f32>(nan()), are_infinite(of_size) | are_nan(of_size));
        return ElementScore(1.0, d);
    }
    let hull = vec4<f32>(min(a.xy, b.xy), max(a.zw, b.zw));
    if any(are_infinite(hull)) {
        return unknown;
    }
    // an infinite coordinate in a bounded hull: the box is inverted
    if KIND == 1u {
        let total = select(other_area, area, is_infinite(area));
        return ElementScore(select(infinity(), -infinity(), total > 0.0), vec4<f32>(nan()));
    }
    // the centre between two infinities is NaN, and so is the ratio of two infinite sides
    let of_a = are_infinite(a);
    let of_b = are_infinite(b);
    let astray = any(of_a.xy & of_a.zw) | any(of_b.xy & of_b.zw);
    let lean_unknown = all(of_a.xy | of_a.zw) | all(of_b.xy | of_b.zw);
    return ElementScore(select(infinity(), nan(), astray | ((KIND == 3u) & lean_unknown)), vec4<f32>(nan()));
}

// A power of two that brings large coordinates to about 1, so that their squares do not overflow.
fn scale_of(a: vec4<f32>, b: vec4<f32>) -> f32 {
    let greatest = max(abs(a), abs(b));
    let reach = max(max(greatest.x, greatest.y), max(greatest.z, greatest.w));
    let exponent = bitcast<u32>(reach) >> 23u;
    return select(1.0, bitcast<f32>((255u - min(exponent, 254u)) << 23u), reach > 1e12);
}

fn box_score(a: vec4<f32>, b: vec4<f32>) -> ElementScore {
    if any(are_infinite(a) | are_infinite(b)) {
        return unbounded(a, b);
    }
    let scale = scale_of(a, b);
    let score = bounded(scale * a, scale * b, max(part_of(option(EPS), scale * scale), 1e-37));
    return ElementScore(score.loss, scale * score.d);
}

fn bounded(a: vec4<f32>, b: vec4<f32>, eps: f32) -> ElementScore {
    let size = a.zw - a.xy;
    let size_b = b.zw - b.xy;
    let both = min(a.zw, b.zw) - max(a.xy, b.xy);
    let one = vec2<f32>(1.0);
    let of_size = of_area(size, one, one);
    var inter = 0.0;
    var of_inter = vec4<f32>(0.0);
    // union − intersection, summed from the parts that only one box covers; subtracting areas would cancel for
    // near-identical boxes
    var apart = (size.x * size.y) + (size_b.x * size_b.y);
    if (both.x > 0.0) & (both.y > 0.0) {
        inter = both.x * both.y;
        of_inter = of_area(both, share_of(a.xy, b.xy), share_of(b.zw, a.zw));
        let rest = (max(a.xy, b.xy) - a.xy) + (a.zw - min(a.zw, b.zw));
        let rest_b = (max(a.xy, b.xy) - b.xy) + (b.zw - min(a.zw, b.zw));
        apart = ((rest.x * size.y) + (both.x * rest.y)) + ((rest_b.x * size_b.y) + (both.x * rest_b.y));
    }
    let total = apart + inter;
    let of_total = of_size - of_inter;
    var loss = 1.0;
    var d = vec4<f32>(0.0);
    if total + eps != 0.0 {
        loss = (apart + eps) / (total + eps);
        d = ((inter / (total + eps) * of_total) - of_inter) / (total + eps);
    }
    let hull = max(a.zw, b.zw) - min(a.xy, b.xy);
    let low = share_of(b.xy, a.xy);
    let high = share_of(a.zw, b.zw);
    if KIND == 1u {
        let area = hull.x * hull.y;
        let of_hull = of_area(hull, low, high);
        if area + eps != 0.0 {
            // the area of the hull that neither box covers; if the boxes overlap it is summed from corners, because hull −
            // union would cancel
            let beyond = max(b.xy - a.xy, vec2<f32>(0.0)) + max(a.zw - b.zw, vec2<f32>(0.0));
            let beyond_b = max(a.xy - b.xy, vec2<f32>(0.0)) + max(b.zw - a.zw, vec2<f32>(0.0));
            let corners = corner(a.x - b.x, beyond.y, beyond_b.y) + corner(b.z - a.z, beyond.y, beyond_b.y);
            let waste = select(area - total, corners, inter > 0.0) / (area + eps);
            loss += waste;
            d += ((of_hull - of_total) - (waste * of_hull)) / (area + eps);
        }
    }
    if KIND >= 2u {
        // subtracts before adding: a sum of large coordinates would round small differences away
        let centre = 0.5 * ((a.xy - b.xy) + (a.zw - b.zw));
        let diagonal = dot(hull, hull) + eps;
        let far = dot(centre, centre) / diagonal;
        d += (vec4<f32>(centre, centre) - (far * 2.0 * vec4<f32>(-hull * low, hull * high))) / diagonal;
        // the penalty on the aspect ratio; its factor counts as a constant in the derivative
        if KIND == 3u {
            let lean = angle(size_b.x, size_b.y) - angle(size.x, size.y);
            let v = 0.40528473 * lean * lean;
            let factor = v / ((loss + v) + eps);
            let square = dot(size, size);
            if square > 0.0 {
                let of_lean = vec2<f32>(-size.y, size.x) / square;
                d += (factor * 0.81056947 * lean) * vec4<f32>(-of_lean, of_lean);
            }
            loss += factor * v;
        }
        loss += far;
    }
    return ElementScore(loss, d);
}
