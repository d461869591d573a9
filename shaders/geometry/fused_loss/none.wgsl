// No fused loss in a walk over regions.
// needs: lib/tally geometry/region_quads geometry/region_softmax
// slots: activation
const FUSES: bool = false;

// Whether each class of a position is scored by itself.
const SCORES_CLASSES: bool = false;

fn score_class(quad: Quad, k: u32, x: vec4<f32>, t: vec4<f32>, tally: ptr<function, Tally>) -> vec2<f32> {
    return vec2<f32>(0.0);
}

// Only the softmax of the regions is computed.
fn fold_quad(quad: Quad, tally: ptr<function, Tally>) -> Softmaxes {
    return region_softmax(quad);
}

struct FusedSlopes {
    nothing: u32,
}

fn fused_slopes(quad: Quad) -> FusedSlopes {
    return FusedSlopes(0u);
}

fn fused_gradient(fused: FusedSlopes, x: vec4<f32>, quad: Quad, k: u32) -> vec4<f32> {
    return vec4<f32>(0.0);
}
