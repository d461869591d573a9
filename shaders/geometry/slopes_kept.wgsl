// Derivatives by few classes, which a lane keeps for the gradients where it has made them. Uses lib/component lib/params lib/math lib/label dtype/float operand/x0 operand/labels operand/pixels operand/coefficients geometry/probable activation/softmax geometry/places geometry/region geometry/few_classes geometry/logits_kept geometry/region_quads geometry/region_slopes.
var<private> kept_slopes: array<Slope, CLASSES>;

fn slope_first(quad: Quad, k: u32, pixels: Pixels) -> Slope {
    kept_slopes[k] = slope_of(quad, k, pixels);
    return kept_slopes[k];
}

fn slope_again(quad: Quad, k: u32, pixels: Pixels) -> Slope {
    if COUPLED {
        return kept_slopes[k];
    }
    return slope_of(quad, k, pixels);
}
