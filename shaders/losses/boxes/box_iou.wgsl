// Intersection over union of boxes: the twin of src/losses/boxes/box_iou.rs. Uses lib/component lib/params lib/math geometry/element.

// 0 iou, 1 giou, 2 diou, 3 ciou
override KIND: u32 = 0u;
const EPS: u32 = 0u;

// The share of a maximum's derivative that the first of two numbers has.
fn share_of(first: vec2<f32>, second: vec2<f32>) -> vec2<f32> {
    return select(select(vec2<f32>(0.0), vec2<f32>(1.0), first > second), vec2<f32>(0.5), first == second);
}

// The derivative of width·height with respect to the two corners, low ones first.
fn of_area(size: vec2<f32>, low: vec2<f32>, high: vec2<f32>) -> vec4<f32> {
    return vec4<f32>(-size.yx * low, size.yx * high);
}

fn box_score(a: vec4<f32>, b: vec4<f32>) -> ElementScore {
    let eps = option(EPS);
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
            let waste = (area - total) / (area + eps);
            loss += waste;
            d += ((of_hull - of_total) - (waste * of_hull)) / (area + eps);
        }
    }
    if KIND >= 2u {
        let centre = 0.5 * ((a.xy + a.zw) - (b.xy + b.zw));
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
