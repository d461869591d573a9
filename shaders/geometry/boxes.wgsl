// The score of a pair of boxes, and where its derivatives go. Uses lib/params lib/math dtype/float operand/x0 operand/x1 absent/dx0 geometry/element losses/boxes/box_iou.

fn score_at(i: u32, of_item: vec3<f32>) -> ElementScore {
    let k = 4u * i;
    let a = vec4<f32>(x0_at(k), x0_at(k + 1u), x0_at(k + 2u), x0_at(k + 3u));
    let b = vec4<f32>(x1_at(k), x1_at(k + 1u), x1_at(k + 2u), x1_at(k + 3u));
    var unknown = false;
    for (var place = 0u; place < 4u; place += 1u) {
        unknown = unknown || is_nan(a[place]) || is_nan(b[place]);
    }
    if unknown {
        return ElementScore(nan(), vec4<f32>(0.0));
    }
    return box_score(a, b);
}

fn store(i: u32, d: vec4<f32>) {
    let k = 4u * i;
    store_dx0(k, d.x);
    store_dx0(k + 1u, d.y);
    store_dx0(k + 2u, d.z);
    store_dx0(k + 3u, d.w);
}
