// A loss of elements that is fused into a walk over regions: each class of a position has a loss of its own.
// needs: lib/math lib/params lib/tally geometry/region_quads geometry/region_softmax
// slots: activation class_mask class_weight fused_scales leaf pos_weight quad_factors
const FUSES: bool = true;

// Whether each class of a position is scored by itself.
const SCORES_CLASSES: bool = true;

// whether class 0 is scored
override FUSED_BACKGROUND: bool = true;

// The losses of a class at four positions, times the class's weight, and their derivatives with respect to the logits.
struct FourScores {
    loss: vec4<f32>,
    d: vec4<f32>,
}

fn weighted(weight: f32, v: f32) -> f32 {
    return select(product(weight, v), 0.0, weight == 0.0);
}

fn four_scores(k: u32, x: vec4<f32>, t: vec4<f32>) -> FourScores {
    let beside = pos_weight_at(k);
    let weight = class_weight_at(k);
    let none = vec3<f32>(0.0);
    let a = element_score(vec4<f32>(x.x, t.x, beside, 0.0), none);
    let b = element_score(vec4<f32>(x.y, t.y, beside, 0.0), none);
    let c = element_score(vec4<f32>(x.z, t.z, beside, 0.0), none);
    let d = element_score(vec4<f32>(x.w, t.w, beside, 0.0), none);
    let scored = vec4<f32>(a.loss, b.loss, c.loss, d.loss);
    let loss = vec4<f32>(weighted(weight, a.loss), weighted(weight, b.loss), weighted(weight, c.loss), weighted(weight, d.loss));
    let slope = vec4<f32>(weighted(weight, a.d.x), weighted(weight, b.d.x), weighted(weight, c.d.x), weighted(weight, d.d.x));
    // with a weight of 0, an infinite loss becomes 0, but a loss that is NaN stays NaN
    let unknown_factor = is_nan(beside) | is_nan(weight);
    let unknown = are_nan(scored) | are_nan(loss) | are_nan(x) | are_nan(t) | vec4<bool>(unknown_factor);
    let nans = vec4<f32>(nan());
    return FourScores(select(loss, nans, unknown), select(slope, nans, unknown));
}

// Returns the sum of a class's losses at four positions, and how much these positions count. Flags the tally if a loss is NaN.
fn score_class(quad: Quad, k: u32, x: vec4<f32>, t: vec4<f32>, tally: ptr<function, Tally>) -> vec2<f32> {
    if (k == 0u) & !FUSED_BACKGROUND {
        return vec2<f32>(0.0);
    }
    let none = vec4<f32>(0.0);
    let kept = kept_in_class(quad, k);
    let loss = by_factors(quad.factors, four_scores(k, x, t).loss, kept);
    let counts = by_factors(quad.factors, vec4<f32>(1.0), kept);
    let nans = are_nan(loss);
    (*tally).poison |= select(0u, 1u, any(kept & nans));
    let known = select(none, loss, kept & !nans);
    let counted = select(none, counts, kept);
    return vec2<f32>((known.x + known.y) + (known.z + known.w), (counted.x + counted.y) + (counted.z + counted.w));
}

// The fused loss needs no softmax, so only that of the regions is computed.
fn fold_quad(quad: Quad, tally: ptr<function, Tally>) -> Softmaxes {
    return region_softmax(quad);
}

// The factors of the gradients of four positions.
struct FusedSlopes {
    scales: vec4<f32>,
}

fn fused_slopes(quad: Quad) -> FusedSlopes {
    return FusedSlopes(vec4<f32>(
        fused_scales_at(quad.at.x).x,
        fused_scales_at(quad.at.y).x,
        fused_scales_at(quad.at.z).x,
        fused_scales_at(quad.at.w).x,
    ));
}

fn fused_gradient(fused: FusedSlopes, x: vec4<f32>, quad: Quad, k: u32) -> vec4<f32> {
    if (k == 0u) & !FUSED_BACKGROUND {
        return vec4<f32>(0.0);
    }
    let d = four_scores(k, x, targets_of(quad, k)).d;
    let scales = fused.scales;
    let scaled = vec4<f32>(
        product(scales.x, d.x),
        product(scales.y, d.y),
        product(scales.z, d.z),
        product(scales.w, d.w),
    );
    return select(scaled, vec4<f32>(nan()), are_nan(d));
}
