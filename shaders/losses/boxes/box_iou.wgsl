// Intersection over union of boxes: the twin of src/losses/boxes/box_iou.rs.
// needs: lib/math lib/params geometry/element

// 0 iou, 1 giou, 2 diou, 3 ciou
override KIND: u32 = 0u;
const EPS: u32 = 0u;

// The share of a maximum's derivative that the first of two numbers has.
fn share_of(first: vec2<f32>, second: vec2<f32>) -> vec2<f32> {
    return select(select(vec2<f32>(0.0), vec2<f32>(1.0), first > second), vec2<f32>(0.5), first == second);
}

// The area beside one side of two boxes that overlap, which only the one reaches that goes further there: a by −step, or b by
// step. It is as high as the other box goes beyond that one.
fn corner(step: f32, beyond: f32, beyond_b: f32) -> f32 {
    return select(step * beyond, -step * beyond_b, step < 0.0);
}

// The derivative of width·height with respect to the two corners, low ones first.
fn of_area(size: vec2<f32>, low: vec2<f32>, high: vec2<f32>) -> vec4<f32> {
    return vec4<f32>(-size.yx * low, size.yx * high);
}

fn are_infinite(x: vec4<f32>) -> vec4<bool> {
    return (bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu)) == vec4<u32>(0x7f800000u);
}

// w·h, with nothing assumed of infinities: NaN for 0·∞ and for the difference of two equal infinities.
fn area_of(low: vec2<f32>, high: vec2<f32>) -> f32 {
    let width = difference(high.x, low.x);
    let height = difference(high.y, low.y);
    return select(product(width, height), nan(), is_nan(width) | is_nan(height));
}

// A pair of boxes of which a coordinate is infinite, as IEEE arithmetic has the formulas: the area of the union is infinite or
// unknown.
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
    // unknown where an area is, and where two infinite ones are taken from each other
    let opposite = is_infinite(area) & is_infinite(other_area) & (area != other_area);
    let unknown = ElementScore(nan(), vec4<f32>(nan()));
    if is_nan(area) | is_nan(other_area) | is_nan(inter) | is_infinite(inter) | opposite {
        return unknown;
    }
    let size = a.zw - a.xy;
    if KIND == 0u {
        // the union is beyond all bounds, and the derivative of it 0 times what each corner does to the area
        let of_size = vec4<f32>(-size.yx, size.yx);
        let d = select(vec4<f32>(0.0), vec4<f32>(nan()), are_infinite(of_size) | are_nan(of_size));
        return ElementScore(1.0, d);
    }
    let hull = vec4<f32>(min(a.xy, b.xy), max(a.zw, b.zw));
    if any(are_infinite(hull)) {
        return unknown;
    }
    // an inverted box within a bounded hull
    if KIND == 1u {
        let total = select(other_area, area, is_infinite(area));
        return ElementScore(select(infinity(), -infinity(), total > 0.0), vec4<f32>(nan()));
    }
    // the centre of a box between two infinities is unknown, and the ratio of two infinite sides
    let of_a = are_infinite(a);
    let of_b = are_infinite(b);
    let astray = any(of_a.xy & of_a.zw) | any(of_b.xy & of_b.zw);
    let lean_unknown = all(of_a.xy | of_a.zw) | all(of_b.xy | of_b.zw);
    return ElementScore(select(infinity(), nan(), astray | ((KIND == 3u) & lean_unknown)), vec4<f32>(nan()));
}

// A power of two that takes large coordinates to about 1, so that no square of them leaves f32.
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
    // union less intersection, where they overlap of what each box has alone: it keeps the digits of a good overlap
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
            // what neither box covers; of boxes that overlap the corners beyond both, of which none is a difference of areas
            let beyond = max(b.xy - a.xy, vec2<f32>(0.0)) + max(a.zw - b.zw, vec2<f32>(0.0));
            let beyond_b = max(a.xy - b.xy, vec2<f32>(0.0)) + max(b.zw - a.zw, vec2<f32>(0.0));
            let corners = corner(a.x - b.x, beyond.y, beyond_b.y) + corner(b.z - a.z, beyond.y, beyond_b.y);
            let waste = select(area - total, corners, inter > 0.0) / (area + eps);
            loss += waste;
            d += ((of_hull - of_total) - (waste * of_hull)) / (area + eps);
        }
    }
    if KIND >= 2u {
        // differences first: sums of coordinates would round them away
        let centre = 0.5 * ((a.xy - b.xy) + (a.zw - b.zw));
        let diagonal = dot(hull, hull) + eps;
        let far = dot(centre, centre) / diagonal;
        d += (vec4<f32>(centre, centre) - (far * 2.0 * vec4<f32>(-hull * low, hull * high))) / diagonal;
        // the ratio of the widths to the heights, its factor held constant
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
