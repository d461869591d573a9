// Intersection over union of boxes: the twin of src/losses/boxes/box_iou.rs.
// needs: lib/math lib/params geometry/element

// 0 iou, 1 giou, 2 diou, 3 ciou, 4 eiou, 5 siou
override KIND: u32 = 0u;
const EPS: u32 = 0u;
// 0 xyxy, 1 cxcywh
override FORMAT: u32 = 0u;

// Two boxes a and b along x and along y, as differences that are formed directly from the given numbers: corners computed from
// a centre and a size would be rounded, which would lose the differences of nearly equal boxes.
struct Pair {
    // the sides of a, and of b
    size: vec2<f32>,
    size_b: vec2<f32>,
    // a's low and high corners minus b's
    low: vec2<f32>,
    high: vec2<f32>,
    // a's high corner minus b's low one, and b's high corner minus a's low one
    across: vec2<f32>,
    back: vec2<f32>,
    // a's centre minus b's
    centre: vec2<f32>,
    // a's size minus b's
    wider: vec2<f32>,
    // the sides of the intersection, and of the hull
    both: vec2<f32>,
    hull: vec2<f32>,
}

fn pair_of(a: vec4<f32>, b: vec4<f32>) -> Pair {
    var pair: Pair;
    if FORMAT == 1u {
        pair.size = a.zw;
        pair.size_b = b.zw;
        pair.centre = a.xy - b.xy;
        pair.wider = a.zw - b.zw;
        let reach = 0.5 * (a.zw + b.zw);
        pair.low = pair.centre - (0.5 * pair.wider);
        pair.high = pair.centre + (0.5 * pair.wider);
        pair.across = reach + pair.centre;
        pair.back = reach - pair.centre;
        pair.both = min(min(a.zw, b.zw), min(pair.across, pair.back));
        pair.hull = max(max(a.zw, b.zw), max(pair.across, pair.back));
        return pair;
    }
    pair.size = a.zw - a.xy;
    pair.size_b = b.zw - b.xy;
    pair.low = a.xy - b.xy;
    pair.high = a.zw - b.zw;
    pair.across = a.zw - b.xy;
    pair.back = b.zw - a.xy;
    // subtracts before adding: a sum of large coordinates would round small differences away
    pair.centre = 0.5 * (pair.low + pair.high);
    // the form whose terms are smaller, so that it rounds less
    let by_sides = abs(pair.size) + abs(pair.size_b) < abs(pair.low) + abs(pair.high);
    pair.wider = select(pair.high - pair.low, pair.size - pair.size_b, by_sides);
    pair.both = min(a.zw, b.zw) - max(a.xy, b.xy);
    pair.hull = max(a.zw, b.zw) - min(a.xy, b.xy);
    return pair;
}

// The derivative of max(x, 0), and ½ at 0, where two corners are equal and share the derivative.
fn share_of(x: vec2<f32>) -> vec2<f32> {
    return select(select(vec2<f32>(0.0), vec2<f32>(1.0), x > vec2<f32>(0.0)), vec2<f32>(0.5), x == vec2<f32>(0.0));
}

// The derivative with respect to the numbers of box a, from those with respect to its low and its high corner.
fn of_numbers(low: vec2<f32>, high: vec2<f32>) -> vec4<f32> {
    if FORMAT == 1u {
        return vec4<f32>(low + high, 0.5 * (high - low));
    }
    return vec4<f32>(low, high);
}

// The area of the hull that neither of two overlapping boxes covers, next to one side of it. At that side b reaches further than
// a by `step`; if `step` is negative, a reaches further by −`step`. This strip is uncovered where, along the other axis, the
// other box extends past the one that reaches further: `beyond` is how far a extends past b, `beyond_b` how far b past a.
fn corner(step: f32, beyond: f32, beyond_b: f32) -> f32 {
    return select(step * beyond, -step * beyond_b, step < 0.0);
}

// The derivative of width·height with respect to the numbers of box a. `low` and `high` are the derivatives of the area's own
// corners with respect to a's.
fn of_area(size: vec2<f32>, low: vec2<f32>, high: vec2<f32>) -> vec4<f32> {
    return of_numbers(-size.yx * low, size.yx * high);
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
    // an infinite coordinate in a bounded hull: the box is inverted, and the hull may be
    if KIND == 1u {
        let total = select(other_area, area, is_infinite(area));
        let of_hull = ((hull.z - hull.x) * (hull.w - hull.y)) + option(EPS);
        return ElementScore(select(infinity(), -infinity(), (total > 0.0) == (of_hull > 0.0)), vec4<f32>(nan()));
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
        if (FORMAT == 1u) | (KIND >= 4u) {
            return ElementScore(nan(), vec4<f32>(nan()));
        }
        return unbounded(a, b);
    }
    let scale = scale_of(a, b);
    let score = bounded(scale * a, scale * b, max(part_of(option(EPS), scale * scale), 1e-37));
    return ElementScore(score.loss, scale * score.d);
}

// The derivative with respect to the numbers of box a, from that with respect to its width and height.
fn of_sides(slope: vec2<f32>) -> vec4<f32> {
    return of_numbers(-slope, slope);
}

// hull − distance of the centres, along each axis. Where each box reaches further on one side, this is the mean of their sides,
// and the subtraction would cancel for boxes that lie far apart.
fn slack(pair: Pair, one_sided: vec2<f32>) -> vec2<f32> {
    return select(pair.hull - abs(pair.centre), 0.5 * (pair.size + pair.size_b), one_sided > vec2<f32>(0.0));
}

fn signs(x: vec2<f32>) -> vec2<f32> {
    return vec2<f32>(sign_of_number(x.x), sign_of_number(x.y));
}

// The derivative of `far`, which is ρ²/c², with respect to centre and sides. It is not a sum of the derivatives with respect to
// the corners, because these would cancel for boxes that lie far apart.
fn of_far(pair: Pair, low: vec2<f32>, high: vec2<f32>, diagonal: f32, far: f32, eps: f32) -> vec4<f32> {
    let distance = abs(pair.centre);
    let one_sided = abs(low - high);
    let left = slack(pair, one_sided);
    // 1 − far
    let near = (dot(left, pair.hull + distance) + eps) / diagonal;
    // distance − far·hull
    let excess = select(distance - (far * pair.hull), (near * pair.hull) - left, vec2<bool>(far > 0.5));
    let of_centre = 2.0 * signs(pair.centre) * (((1.0 - one_sided) * distance) + (one_sided * excess));
    return vec4<f32>(of_centre, -far * pair.hull * (low + high)) / diagonal;
}

// EIoU's term for the sides, (w − w')²/(W² + eps) along each axis, where W is the hull's side; and its derivatives.
fn wider_score(pair: Pair, rest_b: vec2<f32>, low: vec2<f32>, high: vec2<f32>, eps: f32) -> ElementScore {
    let square = (pair.hull * pair.hull) + eps;
    let share = pair.wider / square;
    // A corner of a that is also the hull's changes the denominator too, which multiplies the derivative by
    // 1 − share·hull = (hull·(hull − (w − w')) + eps)/square. hull − (w − w') is summed from b's side and the part of b
    // that extends past a, because the difference would cancel for a thin b.
    let kept = ((pair.hull * (rest_b + pair.size_b)) + eps) / square;
    let of_low = (1.0 - low) + (low * kept);
    let of_high = (1.0 - high) + (high * kept);
    var d = vec4<f32>(-2.0 * share * of_low, 2.0 * share * of_high);
    if FORMAT == 1u {
        d = vec4<f32>(2.0 * share * (share * pair.hull) * (low - high), share * (of_low + of_high));
    }
    return ElementScore(dot(share, pair.wider), d);
}

// SIoU's term for the shape along one axis, (1 − e^−ω)⁴, and its derivative with respect to a's side.
fn shape_of(side: f32, side_b: f32, wider: f32) -> vec2<f32> {
    let greater = max(abs(side), abs(side_b));
    if greater == 0.0 {
        return vec2<f32>(0.0);
    }
    let omega = abs(wider) / greater;
    let far = -expm1(-omega);
    let of_omega = select(-1.0 / side_b, (side_b / side) / side, abs(side) == greater);
    return (far * far * far) * vec2<f32>(far, 4.0 * exp_negative(omega) * of_omega);
}

// SIoU's terms for the distance and the shape, and their derivatives. `low` and `high` are the derivatives of the hull's
// corners with respect to a's.
fn siou(pair: Pair, low: vec2<f32>, high: vec2<f32>) -> ElementScore {
    let distance = abs(pair.centre);
    let side = signs(pair.centre);
    let greater = max(distance.x, distance.y);
    // the lesser distance over the greater one, of which the angle's term is 2·ratio/(1 + ratio²)
    var ratio = 0.0;
    var of_angle = vec2<f32>(0.0);
    if greater > 0.0 {
        ratio = min(distance.x, distance.y) / greater;
        let long = 1.0 + (ratio * ratio);
        let slope = ((2.0 * (1.0 - ratio) * (1.0 + ratio)) / (long * long)) / greater;
        of_angle = slope * side * select(vec2<f32>(-ratio), vec2<f32>(1.0), distance < vec2<f32>(greater));
    }
    // 2 less the angle's term
    let wide = (2.0 * ((1.0 - ratio) + (ratio * ratio))) / (1.0 + (ratio * ratio));
    // The centres of inverted boxes may lie further apart than the hull is long. Past this bound the exponential is 0, and all
    // that it multiplies stays finite.
    let most = vec2<f32>(1e4);
    let none = abs(pair.hull) < vec2<f32>(1e-30);
    let scale = 1.0 / select(pair.hull, vec2<f32>(1.0), none);
    let beyond = select(vec2<f32>(0.0), most, distance > vec2<f32>(0.0));
    let along = select(clamp(distance * scale, -most, most), beyond, none);
    let rho = along * along;
    let close = vec2<f32>(exp_negative(wide * rho.x), exp_negative(wide * rho.y));
    let cost = -(expm1(-wide * rho.x) + expm1(-wide * rho.y));
    let by_centre = (-0.5 * dot(close, rho)) * of_angle;
    let by_along = wide * close * along * scale;
    var d = vec4<f32>(0.0);
    if FORMAT == 1u {
        let one_sided = abs(low - high);
        let left = clamp(slack(pair, one_sided) * scale, -most, most);
        let of_centre = side * ((1.0 - one_sided) + (one_sided * left));
        d = vec4<f32>(by_centre + (by_along * of_centre), -0.5 * by_along * along * (low + high));
    } else {
        // The derivative of `along` with respect to a corner, times 2·hull: ±1, or ±1 ± 2·along if the hull has this
        // corner too. 1 − 2·along is (hull − 2·distance)/hull. Its numerator is summed from parts, because the
        // difference would cancel for boxes that nearly touch.
        let twice = 1.0 + (2.0 * along);
        let left = clamp((pair.across + max(pair.high, vec2<f32>(0.0))) * scale, -most, most);
        let right = clamp((pair.back + max(-pair.low, vec2<f32>(0.0))) * scale, -most, most);
        let after = side > vec2<f32>(0.0);
        let of_low = ((1.0 - low) * side) + (low * select(-left, twice, after));
        let of_high = ((1.0 - high) * side) + (high * select(-twice, right, after));
        d = 0.5 * (vec4<f32>(by_centre, by_centre) + vec4<f32>(by_along * of_low, by_along * of_high));
    }
    let x = shape_of(pair.size.x, pair.size_b.x, pair.wider.x);
    let y = shape_of(pair.size.y, pair.size_b.y, pair.wider.y);
    return ElementScore(0.5 * (cost + (x.x + y.x)), d + of_sides(0.5 * vec2<f32>(x.y, y.y)));
}

fn bounded(a: vec4<f32>, b: vec4<f32>, eps: f32) -> ElementScore {
    let pair = pair_of(a, b);
    let size = pair.size;
    let size_b = pair.size_b;
    let both = pair.both;
    let hull = pair.hull;
    let one = vec2<f32>(1.0);
    // the derivatives of the corners of the intersection with respect to a's, and of those of the hull
    let inner_low = share_of(pair.low);
    let inner_high = share_of(-pair.high);
    let outer_low = share_of(-pair.low);
    let outer_high = share_of(pair.high);
    // how far a extends past b, and b past a
    let rest = max(-pair.low, vec2<f32>(0.0)) + max(pair.high, vec2<f32>(0.0));
    let rest_b = max(pair.low, vec2<f32>(0.0)) + max(-pair.high, vec2<f32>(0.0));
    let of_size = of_area(size, one, one);
    var inter = 0.0;
    var of_inter = vec4<f32>(0.0);
    // union − intersection, summed from the parts that only one box covers; subtracting areas would cancel for
    // near-identical boxes
    var apart = (size.x * size.y) + (size_b.x * size_b.y);
    if (both.x > 0.0) & (both.y > 0.0) {
        inter = both.x * both.y;
        of_inter = of_area(both, inner_low, inner_high);
        apart = ((rest.x * size.y) + (both.x * rest.y)) + ((rest_b.x * size_b.y) + (both.x * rest_b.y));
    }
    let total = apart + inter;
    let of_total = of_size - of_inter;
    // how many of the intersection's two corners are a's
    let inner = inner_low + inner_high;
    var loss = 1.0;
    var d = vec4<f32>(0.0);
    if total + eps != 0.0 {
        loss = (apart + eps) / (total + eps);
        let iou = inter / (total + eps);
        d = ((iou * of_total) - of_inter) / (total + eps);
        if FORMAT == 1u {
            // of_size − 2·of_inter, the derivative of `apart` with respect to a's sides, is summed from what only a covers:
            // where one corner of the intersection is a's, the subtraction would cancel
            let change = (rest + (both * (1.0 - inner.yx))).yx - (loss * of_total.zw);
            d = vec4<f32>(d.xy, select(d.zw, change / (total + eps), vec2<bool>(iou > 0.5)));
        }
    }
    if KIND == 1u {
        let area = hull.x * hull.y;
        let of_hull = of_area(hull, outer_low, outer_high);
        if area + eps != 0.0 {
            // the area of the hull that neither box covers; if the boxes overlap it is summed from corners, because hull −
            // union would cancel
            let corners = corner(pair.low.x, rest.y, rest_b.y) + corner(-pair.high.x, rest.y, rest_b.y);
            let waste = select(area - total, corners, inter > 0.0) / (area + eps);
            loss += waste;
            var of_waste = of_hull - of_total;
            if (FORMAT == 1u) & (inter > 0.0) {
                let half = 0.5 * inner.yx;
                of_waste = vec4<f32>(of_waste.xy, (((1.0 - half) * rest_b) - (half * rest)).yx);
            }
            d += (of_waste - (waste * of_hull)) / (area + eps);
        }
    }
    if (KIND >= 2u) & (KIND <= 4u) {
        let centre = pair.centre;
        let diagonal = dot(hull, hull) + eps;
        let far = dot(centre, centre) / diagonal;
        if FORMAT == 1u {
            d += of_far(pair, outer_low, outer_high, diagonal, far, eps);
        } else {
            d += (vec4<f32>(centre, centre) - (far * 2.0 * vec4<f32>(-hull * outer_low, hull * outer_high))) / diagonal;
        }
        // the penalty on the aspect ratio; its factor counts as a constant in the derivative
        if KIND == 3u {
            let lean = angle(size_b.x, size_b.y) - angle(size.x, size.y);
            let v = 0.40528473 * lean * lean;
            let factor = v / ((loss + v) + eps);
            let square = dot(size, size);
            if square > 0.0 {
                let of_lean = vec2<f32>(-size.y, size.x) / square;
                d += (factor * 0.81056947 * lean) * of_sides(of_lean);
            }
            loss += factor * v;
        }
        if KIND == 4u {
            let shape = wider_score(pair, rest_b, outer_low, outer_high, eps);
            loss += shape.loss;
            d += shape.d;
        }
        loss += far;
    }
    if KIND == 5u {
        let score = siou(pair, outer_low, outer_high);
        loss += score.loss;
        d += score.d;
    }
    return ElementScore(loss, d);
}
