// A softmax loss that is fused into a walk over regions.
// needs: lib/class lib/component lib/label lib/params lib/tally lib/workspace fold/softmax geometry/places geometry/positions_tally geometry/region_quads
// slots: activation class_weight classes fold fused_states softmaxes x0
const RIDES: bool = true;

// One of four positions. With one channel, its logit belongs to label 1, and label 0 has a logit of 0.
struct Rider {
    kept: bool,
    index: u32,
    place: Place,
}

fn rider_at(quad: Quad, j: u32) -> Rider {
    let index = word_at(quad.index, j);
    let kept = flag_at(quad.kept, j);
    if params.classes == 1u {
        let one = index == 1u;
        let place = Place(LABELLED, select(0.0, x0_at(word_at(quad.first, j)), one), select(1.0, class_weight_at(0u), one));
        return Rider(kept, index, place);
    }
    let x = rider_logit(word_at(quad.at, j), word_at(quad.first, j) + (index * params.class_stride));
    return Rider(kept, index, Place(LABELLED, x, class_weight_at(index)));
}

fn rider_class(rider: Rider, x: f32, t: f32, k: u32) -> Class {
    return Class(x, t, class_weight_at(k), LABELLED & (rider.index == select(k, 1u, params.classes == 1u)));
}

// Stores the softmax of a position, and tallies its loss. Returns what probabilities need: the peak, and the sum over the
// other classes.
fn remember_rider(at: u32, live: bool, rider: Rider, t: f32, absorbed: State, tally: ptr<function, Tally>) -> vec2<f32> {
    var state = absorbed;
    if params.classes == 1u {
        let other = Class(0.0, select(1.0 - t, 0.0, LABELLED), 1.0, LABELLED & (rider.index == 0u));
        absorb_class(&state, other, rider.place);
    }
    if live {
        keep_rider(at, state);
    }
    if rider.kept & classes_end() {
        let s = finish_place(state, rider.place);
        tally_position(at, Label(rider.index, true, false, 0u, 0u), true, s, score_place(s), tally);
    }
    let unknown = ((state.poison & UNKNOWN_LOGIT) != 0u) | (state.rest < 0.0);
    return vec2<f32>(state.peak, select(state.rest, nan(), unknown));
}

fn ride(quad: Quad, tally: ptr<function, Tally>) -> Pixels {
    let rider_a = rider_at(quad, 0u);
    let rider_b = rider_at(quad, 1u);
    let rider_c = rider_at(quad, 2u);
    let rider_d = rider_at(quad, 3u);
    var a = rider_before(quad.at.x);
    var b = rider_before(quad.at.y);
    var c = rider_before(quad.at.z);
    var d = rider_before(quad.at.w);
    var t = vec4<f32>(0.0);
    // @unroll k CLASSES
    for (var k = classes_from(); k < classes_to(); k += 1u) {
        let x = logits_of(quad, k);
        if !LABELLED {
            t = targets_of(quad, k);
        }
        absorb_class(&a, rider_class(rider_a, x.x, t.x, k), rider_a.place);
        absorb_class(&b, rider_class(rider_b, x.y, t.y, k), rider_b.place);
        absorb_class(&c, rider_class(rider_c, x.z, t.z, k), rider_c.place);
        absorb_class(&d, rider_class(rider_d, x.w, t.w, k), rider_d.place);
    }
    let of_a = remember_rider(quad.at.x, true, rider_a, t.x, a, tally);
    let of_b = remember_rider(quad.at.y, quad.live.y, rider_b, t.y, b, tally);
    let of_c = remember_rider(quad.at.z, quad.live.z, rider_c, t.z, c, tally);
    let of_d = remember_rider(quad.at.w, quad.live.w, rider_d, t.w, d, tally);
    let rest = vec4<f32>(of_a.y, of_b.y, of_c.y, of_d.y);
    return remember(quad.at, vec4<f32>(of_a.x, of_b.x, of_c.x, of_d.x), rest);
}

// What the gradients of four positions' classes need.
struct Riding {
    a: Ridden,
    b: Ridden,
    c: Ridden,
    d: Ridden,
}

struct Ridden {
    rider: Rider,
    poison: bool,
    slopes: Slopes,
}

fn ridden_at(quad: Quad, j: u32) -> Ridden {
    let rider = rider_at(quad, j);
    let s = finish_place(kept_rider(word_at(quad.at, j)), rider.place);
    return Ridden(rider, s.poison, slopes_of(s, score_place(s), rider_scales()));
}

fn riding_of(quad: Quad) -> Riding {
    return Riding(ridden_at(quad, 0u), ridden_at(quad, 1u), ridden_at(quad, 2u), ridden_at(quad, 3u));
}

fn ridden_class(after: Ridden, x: f32, t: f32, k: u32) -> f32 {
    return select(write_class(after.slopes, rider_class(after.rider, x, t, k)), nan(), after.poison);
}

fn ridden(riding: Riding, x: vec4<f32>, quad: Quad, k: u32) -> vec4<f32> {
    var t = vec4<f32>(0.0);
    if !LABELLED {
        t = targets_of(quad, k);
    }
    return vec4<f32>(
        ridden_class(riding.a, x.x, t.x, k),
        ridden_class(riding.b, x.y, t.y, k),
        ridden_class(riding.c, x.z, t.z, k),
        ridden_class(riding.d, x.w, t.w, k),
    );
}
