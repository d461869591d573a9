// Scores pairs of boxes, one or four at a time, and stores their derivatives.
// needs: lib/math lib/params geometry/element
// slots: dx0 leaf x0 x1

// A pair of boxes, the input's and the target's. `Four` has four pairs.
struct Seen {
    a: vec4<f32>,
    b: vec4<f32>,
}

struct Four {
    a: Seen,
    b: Seen,
    c: Seen,
    d: Seen,
}

fn seen_at(i: u32) -> Seen {
    return Seen(x0_four(4u * i), x1_four(4u * i));
}

fn four_at(i: u32, cell: vec2<u32>) -> Four {
    return Four(seen_at(i), seen_at(i + 1u), seen_at(i + 2u), seen_at(i + 3u));
}

fn score_seen(seen: Seen, of_item: vec3<f32>) -> ElementScore {
    let a = seen.a;
    let b = seen.b;
    var score = box_score(a, b);
    let in_a = is_nan(a.x) | is_nan(a.y) | is_nan(a.z) | is_nan(a.w);
    if in_a | is_nan(b.x) | is_nan(b.y) | is_nan(b.z) | is_nan(b.w) {
        score.loss = nan();
    }
    return score;
}

// Stores the derivatives of four boxes, a column for each.
fn store_four(i: u32, d: mat4x4<f32>) {
    store(i, d[0]);
    store(i + 1u, d[1]);
    store(i + 2u, d[2]);
    store(i + 3u, d[3]);
}

fn store(i: u32, d: vec4<f32>) {
    store_dx0_four(4u * i, d);
}
