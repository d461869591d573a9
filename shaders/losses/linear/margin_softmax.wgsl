// Softmax of cosines with a margin: the twin of src/losses/linear/margin_softmax.rs.
// needs: lib/math lib/params fold/softmax

// 0 cosface, 1 arcface
override KIND: u32 = 0u;
const S: u32 = 0u;
const M: u32 = 1u;
const LABEL_SMOOTHING: u32 = 2u;

// The factor of cosines.
fn similarity_scale() -> f32 {
    return option(S);
}

// The number that replaces the cosine of a row and its label's class, and its derivative with respect to the cosine.
fn softmax_margin(cosine: f32, sine: f32) -> vec2<f32> {
    let m = option(M);
    let of_m = sine_and_cosine(m);
    // cos(θ + m), and sin(θ + m)/sin θ
    let turned = vec2<f32>((cosine * of_m.y) - (sine * of_m.x), of_m.y + ((of_m.x * cosine) / sine));
    let beyond = vec2<f32>(cosine - (m * of_m.x), 1.0);
    let arcface = select(turned, beyond, cosine < -of_m.y);
    return select(arcface, vec2<f32>(cosine - m, 1.0), KIND == 0u);
}

// The share of a class with the target q. If there is only one class, the loss is 0 whatever its share.
fn softmax_share(q: f32) -> f32 {
    return ((1.0 - option(LABEL_SMOOTHING)) * q) + (option(LABEL_SMOOTHING) / f32(max(params.all_classes, 2u)));
}

fn softmax_score(s: Statistics) -> SoftmaxScore {
    let own = (1.0 - option(LABEL_SMOOTHING)) * s.weight;
    return SoftmaxScore(part_of(own, s.nll) + s.spread, own, 0.0, 0.0);
}
