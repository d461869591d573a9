// A softmax loss that is fused into a walk over regions: tallies the loss of each position, and gives the regions its softmax.
// needs: lib/class lib/component lib/label lib/params lib/tally fold/softmax geometry/places geometry/positions_tally geometry/region_quads
// slots: activation class_weight classes fold fused_scales fused_states softmaxes x0
const FUSES: bool = true;

// Whether each class of a position is scored by itself.
const SCORES_CLASSES: bool = false;

// whether positions of label 0 are scored
override FUSED_BACKGROUND: bool = true;

fn score_class(quad: Quad, k: u32, x: vec4<f32>, t: vec4<f32>, tally: ptr<function, Tally>) -> vec2<f32> {
    return vec2<f32>(0.0);
}

// One of four positions. Where there is one channel, its logit is that of label 1, and label 0 has a logit of 0.
struct FusedPosition {
    kept: bool,
    index: u32,
    label_class: LabelClass,
}

fn fused_position(quad: Quad, j: u32) -> FusedPosition {
    let index = word_at(quad.index, j);
    let kept = flag_at(quad.kept, j);
    if params.classes == 1u {
        let one = index == 1u;
        let label_class = LabelClass(LABELLED, select(0.0, x0_at(word_at(quad.first, j)), one), select(1.0, class_weight_at(0u), one));
        return FusedPosition(kept, index, label_class);
    }
    let x = fused_logit(word_at(quad.at, j), word_at(quad.first, j) + (index * params.class_stride));
    let scored = FUSED_BACKGROUND | (index != 0u);
    return FusedPosition(kept, index, LabelClass(LABELLED, x, select(0.0, class_weight_at(index), scored)));
}

fn fused_class(position: FusedPosition, x: f32, t: f32, k: u32) -> Class {
    let index = select(k, 1u, params.classes == 1u);
    return Class(x, t, class_weight_at(k), LABELLED & (position.index == index), index, position.index);
}

// Stores the softmax of a position, and tallies its loss. Returns what probabilities need: the peak, and the rest, which is
// Σ exp(x − peak) over the other classes, or NaN if there is no softmax.
fn tally_fused(
    at: u32,
    live: bool,
    position: FusedPosition,
    t: f32,
    absorbed: State,
    tally: ptr<function, Tally>,
) -> vec2<f32> {
    var state = absorbed;
    if params.classes == 1u {
        let other = Class(0.0, select(1.0 - t, 0.0, LABELLED), 1.0, LABELLED & (position.index == 0u), 0u, position.index);
        absorb_class(&state, other, position.label_class);
    }
    if live {
        keep_fused(at, state);
    }
    if position.kept & classes_end() {
        let s = finish_position(state, position.label_class);
        tally_position(at, Label(position.index, true, false, 0u, 0u), true, s, score_position(s), tally);
    }
    let unknown = ((state.poison & UNKNOWN_LOGIT) != 0u) | (state.rest < 0.0);
    return vec2<f32>(state.peak, select(state.rest, nan(), unknown));
}

fn fold_quad(quad: Quad, tally: ptr<function, Tally>) -> Softmaxes {
    let position_a = fused_position(quad, 0u);
    let position_b = fused_position(quad, 1u);
    let position_c = fused_position(quad, 2u);
    let position_d = fused_position(quad, 3u);
    var a = fused_before(quad.at.x);
    var b = fused_before(quad.at.y);
    var c = fused_before(quad.at.z);
    var d = fused_before(quad.at.w);
    var t = vec4<f32>(0.0);
    // @unroll k CLASSES
    for (var k = classes_from(); k < classes_to(); k += 1u) {
        let x = logits_of(quad, k);
        if !LABELLED {
            t = targets_of(quad, k);
        }
        absorb_class(&a, fused_class(position_a, x.x, t.x, k), position_a.label_class);
        absorb_class(&b, fused_class(position_b, x.y, t.y, k), position_b.label_class);
        absorb_class(&c, fused_class(position_c, x.z, t.z, k), position_c.label_class);
        absorb_class(&d, fused_class(position_d, x.w, t.w, k), position_d.label_class);
    }
    let of_a = tally_fused(quad.at.x, true, position_a, t.x, a, tally);
    let of_b = tally_fused(quad.at.y, quad.live.y, position_b, t.y, b, tally);
    let of_c = tally_fused(quad.at.z, quad.live.z, position_c, t.z, c, tally);
    let of_d = tally_fused(quad.at.w, quad.live.w, position_d, t.w, d, tally);
    let rest = vec4<f32>(of_a.y, of_b.y, of_c.y, of_d.y);
    return remember(quad.at, vec4<f32>(of_a.x, of_b.x, of_c.x, of_d.x), rest);
}

// What the gradients of the classes of four positions need.
struct FusedSlopes {
    a: PositionSlopes,
    b: PositionSlopes,
    c: PositionSlopes,
    d: PositionSlopes,
}

struct PositionSlopes {
    position: FusedPosition,
    poison: bool,
    slopes: Slopes,
}

fn position_slopes(quad: Quad, j: u32) -> PositionSlopes {
    let position = fused_position(quad, j);
    let s = finish_position(kept_fused(word_at(quad.at, j)), position.label_class);
    return PositionSlopes(position, s.poison, slopes_of(s, score_position(s), fused_scales_at(word_at(quad.at, j))));
}

fn fused_slopes(quad: Quad) -> FusedSlopes {
    return FusedSlopes(
        position_slopes(quad, 0u),
        position_slopes(quad, 1u),
        position_slopes(quad, 2u),
        position_slopes(quad, 3u),
    );
}

fn fused_gradient_at(after: PositionSlopes, x: f32, t: f32, k: u32) -> f32 {
    return select(write_class(after.slopes, fused_class(after.position, x, t, k)), nan(), after.poison);
}

fn fused_gradient(fused: FusedSlopes, x: vec4<f32>, quad: Quad, k: u32) -> vec4<f32> {
    var t = vec4<f32>(0.0);
    if !LABELLED {
        t = targets_of(quad, k);
    }
    return vec4<f32>(
        fused_gradient_at(fused.a, x.x, t.x, k),
        fused_gradient_at(fused.b, x.y, t.y, k),
        fused_gradient_at(fused.c, x.z, t.z, k),
        fused_gradient_at(fused.d, x.w, t.w, k),
    );
}
